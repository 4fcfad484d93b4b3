// An authorization server that others wrote (oidc-provider), on a free port of loopback. It prints
// its issuer, and ends with its standard input. Its own pages sign people in, with any password.
import { once } from "node:events";
import { createServer } from "node:http";
import Provider, { errors } from "oidc-provider";

const CALLBACK = "http://127.0.0.1:8765/callback";
const API = "api://sync";

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  cookies: { keys: ["of-this-run"] },
  claims: { openid: ["sub"], email: ["email"] },
  scopes: ["openid", "email", "offline_access", "sync:read"],
  clients: [
    {
      client_id: "web",
      client_secret: "secret-of-web",
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code", "refresh_token"],
    },
    {
      client_id: "spa",
      token_endpoint_auth_method: "none",
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code"],
    },
    // The first is given JWTs for the API, the second opaque tokens of the server's own.
    ...["job", "clerk"].map((name) => ({
      client_id: name,
      client_secret: `secret-of-${name}`,
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    })),
  ],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@shop.example` }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId === "job" ? API : undefined),
      getResourceServerInfo: (_, resource) => {
        if (resource !== API) throw new errors.InvalidTarget();
        return {
          scope: "sync:read",
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
