export interface Config {
  readonly originUrl: string;
}
