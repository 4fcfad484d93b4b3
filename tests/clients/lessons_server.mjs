// An authorization server that others wrote (oidc-provider), set up as a learner would for the
// lessons: their scopes, three apps, JWTs for one API. It ends with its standard input.
import { once } from "node:events";
import { createServer } from "node:http";
import Provider, { errors } from "oidc-provider";

const CALLBACK = "http://127.0.0.1:8765/callback";
const API = "api://your-own";
const SCOPES = "prices:read prices:write transfers:read transfers:write books:read sync:read";

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

// Who has consented to which app, until the server ends; the public app is trusted.
const consents = new Set();
const asksNobody = "your-public-app";

const provider = new Provider(issuer, {
  cookies: { keys: ["of-this-run"] },
  scopes: ["openid", "offline_access"],
  clients: [
    {
      client_id: "your-web-app",
      client_secret: "secret-of-the-web-app",
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code"],
    },
    {
      client_id: "your-public-app",
      token_endpoint_auth_method: "none",
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code", "refresh_token"],
    },
    {
      client_id: "your-program",
      client_secret: "secret-of-the-program",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    },
  ],
  pkce: { required: (_, client) => client.clientAuthMethod === "none" },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  loadExistingGrant: async (ctx) => {
    const { account, client, provider, result } = ctx.oidc;
    const { accountId } = account;
    const { clientId } = client;
    const asked = `${accountId} ${clientId}`;
    if (result?.consent?.grantId) {
      consents.add(asked);
      return provider.Grant.find(result.consent.grantId);
    }
    if (clientId !== asksNobody && !consents.has(asked)) return undefined;
    // Each sign-in has a grant of its own: what ends one leaves the others alone.
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope("openid offline_access");
    grant.addResourceScope(API, SCOPES);
    await grant.save();
    return grant;
  },
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => {
        if (resource !== API) throw new errors.InvalidTarget();
        return {
          scope: SCOPES,
          audience: API,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        };
      },
    },
  },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.on("end", () => process.exit(0)).resume();
