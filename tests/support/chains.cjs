// Prints the end of the default credential chain of each cloud's own JavaScript library: `CLOUD: none`,
// `decoy` or `granted`.
const { fromNodeProviderChain } = require("@aws-sdk/credential-providers");
const { DefaultAzureCredential } = require("@azure/identity");
const { GoogleAuth } = require("google-auth-library");

// The authority of the double uses plain http, which the library rejects.
delete process.env.AZURE_AUTHORITY_HOST;

const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];
const CHAINS = {
    aws: async () => (await fromNodeProviderChain({ maxRetries: 0 })()).accessKeyId,
    google: async () => new GoogleAuth({ scopes: SCOPES }).getAccessToken(),
    azure: async () => (await new DefaultAzureCredential().getToken("https://management.azure.com/.default")).token,
};

(async () => {
    for (const [name, ask] of Object.entries(CHAINS)) {
        const answer = (await ask().catch(() => "")) || "";
        console.log(`${name}: ${/decoy/i.test(answer) ? "decoy" : answer ? "granted" : "none"}`);
    }
})();
