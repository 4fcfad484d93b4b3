// Walks the flows with openid-client. The configuration comes as JSON on standard input; what came
// of each step goes to standard output as JSON, and the Python test judges it.
import * as client from "openid-client";
import { readFileSync } from "node:fs";

const lab = JSON.parse(readFileSync(0, "utf8"));
const insecure = { execute: [client.allowInsecureRequests] };
const result = {};

async function discover(id, authentication) {
  return client.discovery(new URL(lab.issuer), id, undefined, authentication, insecure);
}

async function codeFlow(config) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: lab.redirect_uri,
    scope: "openid email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    sessionToken: lab.session_tokens.shift(),
  });
  const answer = await fetch(url, { redirect: "manual" });
  const back = new URL(answer.headers.get("location"));
  return client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
}

async function refuses(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return error.error ?? error.code ?? String(error);
  }
}

const web = await discover(lab.web.id, client.ClientSecretBasic(lab.web.secret));
result.metadata = { issuer: web.serverMetadata().issuer, pkce: web.serverMetadata().supportsPKCE() };

const tokens = await codeFlow(web);
result.code = { claims: tokens.claims(), scope: tokens.scope, type: tokens.token_type };
result.userinfo = await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub);

const refreshed = await client.refreshTokenGrant(web, tokens.refresh_token);
result.refresh = { claims: refreshed.claims(), changed: refreshed.access_token !== tokens.access_token };

result.before = await client.tokenIntrospection(web, refreshed.access_token);
await client.tokenRevocation(web, refreshed.access_token);
result.after = await client.tokenIntrospection(web, refreshed.access_token);
result.dead = await refuses(client.fetchUserInfo(web, refreshed.access_token, client.skipSubjectCheck));

const spa = await discover(lab.spa.id, client.None());
result.public = { claims: (await codeFlow(spa)).claims() };

result.signOut = client.buildEndSessionUrl(web, { id_token_hint: tokens.id_token }).href;

if (lab.scope) {
  const job = await discover(lab.job.id, client.ClientSecretPost(lab.job.secret));
  result.machine = await client.clientCredentialsGrant(job, { scope: lab.scope });
}

const key = await crypto.subtle.importKey(
  "jwk", lab.keyed.jwk, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"],
);
const keyed = await discover(lab.keyed.id, client.PrivateKeyJwt({ key, kid: lab.keyed.jwk.kid }));
result.keyed = await client.clientCredentialsGrant(keyed, { scope: lab.keyed.scope });

console.log(JSON.stringify(result));
