import { describe, expect, test } from "vitest";
import {
  barredFromClient,
  NOT_FOR_FILTERED_LISTS,
  barredFromOrigin,
  namedByConnection,
  tellsCount,
  cookiesForOrigin,
} from "../../../src/core/http/header-policy.ts";

const NEVER_TO_ORIGIN = {
  "credentials and what only the gateway says":
    "authorization host proxy x-portcullis x-portcullis-assertion x-portcullis-key-id x-portcullis-new x-request-id",
  "headers of one connection":
    "connection content-length expect http2-settings keep-alive proxy-authenticate proxy-authorization " +
    "proxy-connection te trailer transfer-encoding upgrade",
  "what a gRPC gateway takes for them":
    "grpc-metadata-authorization grpc-metadata-x-portcullis-key-id grpc_metadata_x_real_ip grpc-metadata-grpc-metadata-host",
  "claims of a tenant or a role":
    "x-scope-orgid x-role x-group x-tenant-id x-hasura-role x-hasura-user-id x-hasura-admin-secret x-spiffe-id",
  "claims of an address":
    "forwarded forwarded-for forwarded-for-ip forwarder-for x-forward-for x-forwarded x-forwarded-by x-forwarded-for " +
    "x-forwarded-for-original x-forwarder-for x-original-forwarded-for x-originally-forwarded-for x-originating-ip " +
    "x-real-ip real-ip true-client-ip x-true-client-ip x-true-ip client-ip x-client-ip x-client-ip-address x-client-addr " +
    "x-cluster-client-ip cluster-client-ip x-remote-ip x-remote-addr remote-addr x-proxyuser-ip proxy-client-ip " +
    "wl-proxy-client-ip x-custom-ip-authorization x-coming-from x-ip ip cf-connecting-ip cf-connecting-ipv6 " +
    "cf-pseudo-ipv4 fastly-client-ip fly-client-ip do-connecting-ip eo-connecting-ip incap-client-ip ali-cdn-real-ip " +
    "cdn-src-ip tx-client-ip x-nf-client-connection-ip x-appengine-user-ip x-appengine-remote-addr x-azure-clientip " +
    "x-azure-socketip x-sucuri-clientip x-envoy-external-address x-vercel-forwarded-for x-vercel-ip-country " +
    "akamai-origin-hop cloudfront-viewer-address x-arr-log-id realip x-realip remoteip x-remoteip sourceip x-sourceip " +
    "x-source-ip ip-address x-ip-address psu-ip-address peer-addr client-address client-ip-city fly-region " +
    "true-client-port x-cluster-client-port x-fd-healthprobe x-nf-request-id x-originating-port x-real-port",
  "claims of a user or a certificate that another proxy would have checked":
    "remote-user x-remote-user cf-access-jwt-assertion ssl-client-verify x-ssl-client-s-dn client-cert client-cert-chain x-client-cert " +
    "x-forwarded-client-cert x-arr-clientcert x-auth-request-email x-webauth-user x-goog-iap-jwt-assertion " +
    "x-goog-authenticated-user-email x-amzn-oidc-data x-ms-client-principal-id " +
    // Kong, APISIX, Tyk, 3scale, WSO2, Mulesoft
    "x-consumer-id x-consumer-custom-id x-consumer-username x-consumer-groups x-credential-identifier x-credential-username " +
    "x-anonymous-consumer x-authenticated-scope x-authenticated-userid x-authenticated-groups x-userinfo x-id-token " +
    "x-access-token x-refresh-token x-kong-request-id x-tyk-authorization x-userid x-username x-nickname x-3scale-user " +
    "x-jwt-assertion x-agw-userid direktiv-consumer-user " +
    // AWS, Google, Azure
    "x-amzn-oidc-identity x-amzn-oidc-accesstoken x-amzn-mtls-clientcert x-amzn-mtls-clientcert-subject x-amzn-tls-version " +
    "x-amzn-apigateway-api-id x-amzn-request-context x-endpoint-api-userinfo x-endpoint-api-consumer-number " +
    "x-apigateway-api-userinfo x-goog-authenticated-user-id x-appengine-user-email x-cloudtasks-queuename " +
    "x-client-cert-present x-client-geo-location x-ms-client-principal x-ms-client-principal-name x-ms-token-aad-id-token " +
    "x-apigee-user " +
    // nginx, HAProxy, Apache, Traefik, Envoy, Istio, Linkerd, Consul, Dapr
    "x-client-verify x-client-dn x-client-s-dn x-client-i-dn x-client-subject-dn x-client-serial x-client-fingerprint " +
    "x-client-certificate ssl-client-cert ssl-client-subject-dn x-ssl-client-verify x-ssl-cert x-tls-client-cert " +
    "x-forwarded-tls-client-cert x-forwarded-tls-client-cert-info x-envoy-peer-metadata x-istio-attributes " +
    "sec-istio-auth-userinfo x-jwt-payload l5d-client-id x-consul-token dapr-caller-app-id client-verify " +
    // oauth2-proxy, Authelia, authentik, Pomerium, Vouch, Cloudflare Access, Keycloak, Shibboleth, mod_auth_openidc …
    "x-auth-request-user x-forwarded-user x-forwarded-email x-forwarded-groups x-forwarded-preferred-username " +
    "x-forwarded-access-token remote-groups remote-name remote-email x-authentik-username x-authentik-groups x-authentik-jwt " +
    "x-pomerium-jwt-assertion x-pomerium-claim-email x-vouch-user x-vouch-idp-claims-name cf-access-authenticated-user-email " +
    "x-auth-subject x-auth-userid x-auth-username x-auth-email x-auth-groups x-auth-roles shib-session-id shib-identity-provider " +
    "x-shib-eppn oidc-claim-sub oidc-access-token mellon-name-id cas-user sm-user iv-user iv-groups oam-remote-user " +
    "idcs-remote-user teleport-jwt-assertion tailscale-user-login ngrok-auth-user-email x-token-subject x-token-user-email " +
    "impersonate-user impersonate-group x-remote-group x-remote-extra-scopes x-user x-user-id x-user-name x-user-email " +
    "x-user-roles x-user-groups x-email x-groups x-roles x-principal x-subject " +
    // VPC Lattice, Verified Access, Cognito, Mashery, RapidAPI, Gravitee, KrakenD, Kratos, WSO2, 3scale's identity, Keystone
    "x-amzn-lattice-identity x-amzn-source-vpc x-amzn-ava-user-context x-amzn-cognito-identity-id " +
    "x-mashery-oauth-user-context x-rapidapi-user x-rapidapi-proxy-secret x-mashape-user x-gravitee-subscription " +
    "x-krakend-completed x-kratos-authenticated-identity-id x-wso2-username x-rh-identity x-identity-status " +
    "x-user-domain-name x-is-admin-project x-service-user-id x-service-roles x-tenant-name " +
    // Envoy's and Istio's claims, IIS, WebSphere, Front Door, certificates, signed claims
    "x-jwt-claim-sub x-jwt-payload-sub x-claim-groups x-claims x-token-claims x-token-scopes x-auth-scopes x-auth-claims " +
    "x-oidc-user x-keycloak-sub gap-signature gap-auth ms-aspnetcore-clientcert x-iis-windowsauthtoken -wsru -wsra " +
    "x-fd-clientip x-mtls-subject x-cert-dn x-peer-certificate x-spiffe spiffe-id consumer-id authenticated-userid " +
    "x-user-claims x-user-permissions x-user-scopes x-impersonated-user x-authz-subject x-sso-user x-saml-subject " +
    // Claims by names of their own, which nothing else here bars
    "peer-jwt-assertion peer-jwt-payload auth-user logon-user mtls-subject saml-subject sec-istio-user teleport-user " +
    "tls-client-subject x-amz-cognito-id x-amzn-lambda-context x-apigateway-user x-auth-audience x-auth-client " +
    "x-auth-client-id x-auth-data x-auth-identity x-auth-permissions x-auth-permission x-auth-principal x-auth-sub " +
    "x-auth-tenant x-authorized-user x-certificate-chain x-client-cn x-client-identity x-client-issuer-o " +
    "x-client-principal x-client-role x-client-roles x-client-san-dns x-client-subject-cn x-client-tls-version " +
    "x-cloudscheduler-jobname x-consumer x-current-user-id x-decoded-token x-endpoint-api-key x-goog-iap-user " +
    "x-mashape-proxy-key x-mashape-subscription x-permissions x-rapidapi-subscription x-service-identity-id " +
    "x-session-user-id x-sub x-teleport-user x-tls-subject x-token-payload x-token-sub x-uid x-user-context x-user-data " +
    "x-user-dn x-user-identity x-user-login x-user-principal x-user-sub x-verified-user",
  "claims of a host or a scheme":
    "x-host x-host-override x-forwarded-host x-forwarded-server x-forwarded-port x-forwarded-prefix x-original-host " +
    "x-http-host-override http-host fastly-host x-backend-host x-gateway-host disguised-host was-default-hostname " +
    "proxy-host x-server-name x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-ssl x-proto " +
    "x-protocol x-scheme x-url-scheme x-original-proto x-appservice-proto cloudfront-forwarded-proto front-end-https " +
    "x-https https fastly-ssl x-arr-ssl wl-proxy-ssl cf-visitor host-override server-name server-port x-server-port x-port",
  "claims of a URL, a method or a file":
    "x-original-url x-original-uri x-rewrite-url x-rewritten-url x-override-url x-waws-unencoded-url x-envoy-original-path " +
    "x-forwarded-uri x-forwarded-path x-accel-redirect x-sendfile x-sendfile-type x-proxy-url proxy-url http-url base-url " +
    "request-uri x-request-uri x-path-info url uri x-url x-uri x-http-destinationurl x-middleware-rewrite " +
    "x-middleware-subrequest x-http-method x-http-method-override x-method-override x-method method-override " +
    "http-method-override x-original-method x-forwarded-method request-method http-verb x-verb script-name x-script-name " +
    "path-info request-path x-request-path x-path x-replaced-path",
};

const TO_ORIGIN =
  "accept accept-charset accept-encoding accept-language access-control-request-headers access-control-request-method " +
  "baggage cache-control cdn-loop content-digest content-encoding content-language content-md5 content-type cookie date " +
  "depth destination digest dnt forecast from idempotency-key if-match if-modified-since if-none-match if-range " +
  "if-unmodified-since last-event-id link max-forwards origin pragma prefer priority range referer " +
  "sec-fetch-mode sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version signature " +
  "soapaction traceparent tracestate upgrade-insecure-requests user-agent via x-amz-date x-api-key x-api-version " +
  "account x-account x-auth-token x-callback-url x-client-id x-client-name x-client-version x-user-agent x-user-token x-api-user x-correlation-id x-csrf-token x-import x-path-prefix x-requested-with x-rewards x-shipping-method " +
  "x-amz-target x-amz-security-token x-amzn-trace-id x-ms-version x-ms-client-request-id x-user-access-token x-auth-key " +
  "x-auth-project-id ocp-apim-subscription-key x-rapidapi-key on-behalf-of sudo user-id customer-id username x-appwrite-jwt " +
  "x-jws-signature tpp-signature-certificate x-subscription-id xero-tenant-id x-authentication-provider x-session-id";

const NEVER_TO_CLIENT =
  "connection keep-alive proxy-authenticate ratelimit ratelimit-limit ratelimit-policy server set-cookie te trailer " +
  "transfer-encoding upgrade x-portcullis-key-expires x-portcullis-new x-powered-by x-ratelimit-limit " +
  "x-ratelimit-remaining x-ratelimit-reset x-request-id";

const TO_CLIENT =
  "accept-ranges access-control-allow-origin age allow alt-svc cache-control content-disposition content-encoding " +
  "content-length content-range content-type date deprecation etag expires last-modified link location retry-after " +
  "server-timing strict-transport-security sunset vary via www-authenticate x-correlation-id x-total-count";

test("headers that tell how many items a list has", () => {
  const counts =
    "x-total x-total-count x-hits x-max-page x-num-items x-result-size x-page-count x_hits " +
    "x-number-of-items number-of-records x-num-results x-records x-rows x-search-results x-size x-list-size x-length " +
    "count x-item-counts x-last-page-number num-found x-pages x-pagination-limit x-paging-next x-collection-size";
  expect(counts.split(" ").filter((name) => !tellsCount(name))).toEqual([]);
  expect(
    ["x-cache-hits", "content-type", "content-length", "x-items", "x-request-size", "x-page-size"].filter(
      tellsCount,
    ),
  ).toEqual([]);
});

test("a list that is filtered is asked for whole, as it is now, and uncompressed", () => {
  expect(NOT_FOR_FILTERED_LISTS.join(" ")).toBe(
    "a-im accept-encoding if-match if-modified-since if-none-match if-range if-unmodified-since range",
  );
});

const names = (list: string): string[] => list.split(" ");

describe("never reaches the origin:", () => {
  test.each(Object.entries(NEVER_TO_ORIGIN))("%s", (_kind, list) => {
    for (const name of names(list)) expect(barredFromOrigin(name), name).toBe(true);
  });

  test("the same in any spelling that a server may take for it", () => {
    for (const name of names(Object.values(NEVER_TO_ORIGIN).join(" "))) {
      for (const separator of ["_", ".", "~"]) {
        const respelled = name.replaceAll("-", separator);
        expect(barredFromOrigin(respelled), respelled).toBe(true);
      }
    }
    expect(barredFromOrigin("x-portcullis_key-id")).toBe(true);
  });
});

test("other headers of the client reach the origin", () => {
  for (const name of names(TO_ORIGIN)) expect(barredFromOrigin(name), name).toBe(false);
});

test("the origin's own business, the connection's and the gateway's never reach the client", () => {
  for (const name of names(NEVER_TO_CLIENT)) expect(barredFromClient(name), name).toBe(true);
});

test("other headers of the origin reach the client", () => {
  for (const name of names(TO_CLIENT)) expect(barredFromClient(name), name).toBe(false);
});

test.each([
  ["close", ["close"]],
  ["keep-alive, X-Internal ,\tx_other", ["keep-alive", "X-Internal", "x_other"]],
  [",, a,\u00e9,b", ["a", "b"]],
  ["", []],
])("Connection: %j names %j", (value, expected) => {
  expect(namedByConnection(value)).toEqual(expected);
});

test.each([
  ["portcullis-session=a.b", ""],
  ["__Host-portcullis-session=a; __Host-portcullis-session.1=b", ""],
  ["__Secure-portcullis-x=a;portcullis-theme=dark", ""],
  ["a=1; portcullis-session=x; b=2", "a=1; b=2"],
  ["portcullis-session=x; a=1", "a=1"],
  ["a=1;  b=2; portcullis-sign-in-abc=x", "a=1;  b=2"],
  ["a=1, portcullis-session=x", "a=1"],
  ["a=1; PORTCULLIS-Session =x", "a=1"],
  ["a=portcullis-session=x; xportcullis-y=1;b", "a=portcullis-session=x; xportcullis-y=1;b"],
  ["; a=1,2;; b", "; a=1,2;; b"],
  ["a=1, b=2", "a=1; b=2"],
  ["a=1, b=\ufffd", "a=1, b=\ufffd"],
  ["a=\ufffd; portcullis-session=x; b=2; c=\ufffd", "b=2"],
  ["portcullis-session=x; a=1, b=\ufffd; c=3", "a=1; c=3"],
  ["", ""],
])("Cookie: %j goes on as %j", (value, expected) => {
  expect(cookiesForOrigin(value)).toBe(expected);
});
