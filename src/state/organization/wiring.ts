import { config } from "../../config.ts";
import type { Env } from "../../env.ts";
import { Alarm } from "../alarm.ts";
import { Retention } from "../retention.ts";
import { Schedule } from "../schedule.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { CreationTable } from "./keys/creation-table.ts";
import { Directory } from "./people/directory.ts";
import { Authorize } from "./authorize.ts";
import { Erasure } from "./erasure.ts";
import { EmergencyCuts } from "./keys/emergency-cuts.ts";
import { ExpiryNotices } from "./keys/expiry-notices.ts";
import { KeyEvents } from "./keys/key-events.ts";
import { KeyRules } from "./keys/key-rules.ts";
import { KeyTable } from "./keys/key-table.ts";
import { GuardPages } from "./guard-pages.ts";
import { GuardTable } from "./guard-table.ts";
import { KeyImports } from "./keys/key-imports.ts";
import { Keys } from "./keys/keys.ts";
import { OrganizationExport } from "./organization-export.ts";
import { Outbox } from "./outbox.ts";
import { Settlement } from "./settlement.ts";
import { LeakTable } from "./keys/leak-table.ts";
import { Propagation } from "./propagation.ts";
import { Reconciliation } from "./reconciliation.ts";
import { Rotation } from "./keys/rotation.ts";
import { People } from "./people/people.ts";
import { RuleChange } from "./people/rule-change.ts";
import { ScimEffects } from "./people/scim-effects.ts";
import { ScimGroups } from "./people/scim-groups.ts";
import { ScimIdentities } from "./people/scim-identities.ts";
import { ScimToken } from "./people/scim-token.ts";
import { ScimUsers } from "./people/scim-users.ts";
import { Scim } from "./people/scim.ts";
import { OWNER_DEACTIVATED, ServiceUsers } from "./people/service-users.ts";
import { Settings } from "./settings.ts";
import { StorageReport } from "./storage-report.ts";
import { Tokens } from "./tokens.ts";
import { CallTable } from "./usage/call-table.ts";
import { KeyUse } from "./usage/key-use.ts";
import { OutcomeTable } from "./usage/outcome-table.ts";
import { PendingUsage } from "./usage/pending-usage.ts";
import { RefusalTable } from "./usage/refusal-table.ts";
import { ReportLedger } from "./usage/report-ledger.ts";
import { TallyTable } from "./usage/tally-table.ts";
import { UsageIntake } from "./usage/usage-intake.ts";
import { UsageRetention } from "./usage/usage-retention.ts";
import { UseTable } from "./usage/use-table.ts";
import { UserTable } from "./people/user-table.ts";
import { WebhookDispatch } from "./webhook/webhook-dispatch.ts";
import { WebhookOutbox } from "./webhook/webhook-outbox.ts";
import { WebhookTable } from "./webhook/webhook-table.ts";
import { Webhooks } from "./webhook/webhooks.ts";

export type Parts = ReturnType<typeof wire>;

/** Builds the parts of an organisation's object, each with the parts that it needs. */
export function wire(context: DurableObjectState, env: Env) {
  const { storage } = context;
  const { sql } = storage;
  const alarm = new Alarm(context);
  const audit = new AuditLog(sql, { alarm, retentionMs: config.auditRetentionMs });
  const settings = new Settings(sql);
  const table = new KeyTable(sql);
  const guards = new GuardTable(sql);
  const settlement = new Settlement(table, (...change) => keys.noteChange(...change));
  const changes = new Outbox(sql, env.KEY_RECORDS, guards, alarm);
  const propagation: Propagation = new Propagation(context, env, {
    keys: table,
    settings,
    outbox: changes,
    settlement,
  });

  const webhook = new WebhookTable(sql);
  const outbox = new WebhookOutbox(sql);
  const expiry = new ExpiryNotices(sql);
  const webhooks = new Webhooks(storage, { table: webhook, settings, outbox, expiry, audit, alarm });
  const dispatch = new WebhookDispatch(context, { table: webhook, outbox, audit, alarm });
  const dataset = env.METRICS;
  const events = new KeyEvents(storage, { keys: table, settings, webhook, outbox, expiry, alarm, dataset });

  const scimUsers = new ScimUsers(sql);
  const identities = new ScimIdentities(sql, scimUsers);
  const users = new UserTable(sql);
  const directory: Directory = new Directory(storage, {
    users,
    identities,
    keys: table,
    settings,
    audit,
    propagation,
    alarm,
    rolesMaxAgeMs: config.rolesMaxAgeMs,
    revokeKeysOf: (author, ownerId, now) =>
      keys.commitRevocationOfAll(author, ownerId, OWNER_DEACTIVATED, now),
  });
  const groups = new ScimGroups(sql);
  const effects = new ScimEffects({ users: scimUsers, identities, directory });
  const scim = new Scim(storage, {
    users: scimUsers,
    identities,
    groups,
    effects,
    keys: table,
    audit,
    propagation,
  });

  const creations = new CreationTable(sql);
  const keyRules = new KeyRules({ keys: table, directory, settings });
  const keys: Keys = new Keys(storage, {
    keys: table,
    guards,
    creations,
    rules: keyRules,
    audit,
    propagation,
    events,
  });
  const rotation = new Rotation(storage, {
    table,
    keys,
    rules: keyRules,
    directory,
    propagation,
    creations,
  });
  const usage = {
    outcomes: new OutcomeTable(sql),
    calls: new CallTable(sql),
    tallies: new TallyTable(sql),
    refusals: new RefusalTable(sql),
  };
  const retention = new UsageRetention(usage);
  const ledger = new ReportLedger(sql);
  const leaks = new LeakTable(sql);
  const usageIntake = new UsageIntake(storage, {
    ...usage,
    uses: new UseTable(sql),
    ledger,
    pending: new PendingUsage(sql),
    retention,
    alarm,
  });
  const perishables = new Retention([creations, leaks, usage.calls, ledger, outbox]);
  const schedule = new Schedule(alarm, {
    propagation: { run: () => propagation.retry(), nextAt: () => propagation.nextRetry() },
    rotation: { run: (now) => rotation.revokeDue(now), nextAt: (now) => rotation.nextDue(now) },
    claims: { run: (now) => directory.lapse(now), nextAt: () => directory.nextLapse() },
    expiries: { run: (now) => events.noteExpiries(now), nextAt: () => events.nextNoticeAt() },
    webhook: { run: (now) => dispatch.run(now), nextAt: (now) => dispatch.nextAt(now) },
    audit: { run: (now) => audit.run(now), nextAt: () => audit.nextAt() },
    usage: { run: (now) => retention.run(now), nextAt: () => retention.nextAt() },
    usageIntake: { run: (now) => usageIntake.takeInDue(now), nextAt: () => usageIntake.nextAt() },
    perishables,
    storage: new StorageReport(sql, dataset, settings),
  });

  return {
    alarm,
    audit,
    settings,
    directory,
    keys,
    keyRules,
    rotation,
    schedule,
    scim,
    people: new People(storage, { users, scimUsers, groups, directory, keys, table, propagation, audit }),
    webhooks,
    keyTable: table,
    authorize: new Authorize(storage, {
      settings,
      directory,
      rotation,
      ruleChange: new RuleChange(storage, {
        settings,
        users,
        scimUsers,
        directory,
        alarm,
        rolesMaxAgeMs: config.rolesMaxAgeMs,
      }),
      usageIntake,
    }),
    scimToken: new ScimToken(storage, { settings, audit }),
    tokens: new Tokens(storage, { settings, audit }),
    serviceUsers: new ServiceUsers(storage, { table, keys, audit, propagation }),
    cuts: new EmergencyCuts(storage, { table, keys, leaks, audit, events, alarm }),
    imports: new KeyImports(storage, {
      sql,
      table,
      guards,
      keys,
      directory,
      settings,
      audit,
      propagation,
    }),
    users,
    guards,
    erasure: new Erasure(env),
    exports: new OrganizationExport({ sql, table, settings, audit, groups, webhook }),
    guardPages: new GuardPages(sql, env.KEY_RECORDS),
    reconciliation: new Reconciliation(storage, env, {
      table,
      outbox: changes,
      keys,
      leaks,
      audit,
      propagation,
      settlement,
    }),
    use: new KeyUse({ ...usage, keys, table, usageIntake, guards: env.KEY_GUARD }),
    usageIntake,
  };
}
