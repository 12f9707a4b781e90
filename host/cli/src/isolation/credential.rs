//! The files that hold the credentials of a cloud, of Vault, of Kubernetes, of a registry, or of a keyring.

use super::place::Group;
use super::place::Place::{Cache, Config, Data, Home, Root, Runtime};

/// Every group is hidden under each level but `off`.
#[rustfmt::skip]
pub(super) const CREDENTIALS: &[Group] = &[
    // AWS CLI User Guide, "Configuration and credential file settings"; boto, "Boto config"; aws-vault, USAGE.md;
    // granted, "Where are credentials stored"; saml2aws, README, "Configuring"; leapp, FAQ.
    Group { of: "AWS", places: &[
        Home(".aws"), Home(".boto"), Home(".awsvault"), Home(".granted"), Home(".saml2aws"),
        Home(".Leapp"), Home(".okta"), Home(".s3cfg"), Home(".passwd-s3fs"), Root("/etc/boto.cfg"), Root("/etc/passwd-s3fs"),
    ] },
    // gcloud topic configurations; Application Default Credentials, "How ADC works"; gsutil config; firebase-tools,
    // `src/configstore.ts`; clasp, README.
    Group { of: "Google Cloud", places: &[
        Config("gcloud"), Home(".gsutil"), Home(".bigqueryrc"), Home(".config/configstore"), Home(".clasprc.json"),
    ] },
    // Azure CLI, "Azure CLI configuration"; Azure PowerShell, "Azure PowerShell context objects" (`~/.Azure`); azd,
    // `pkg/config`; AzCopy, "AZCOPY_JOB_PLAN_LOCATION"; MSAL extensions, "Token cache serialization".
    Group { of: "Azure", places: &[
        Home(".azure"), Home(".Azure"), Home(".azd"), Home(".azcopy"), Home(".IdentityService"), Data(".IdentityService"),
        Root("/var/lib/waagent"),
    ] },
    // Vault, "Token helpers" (`~/.vault-token`, `~/.vault`); OpenBao has the same files.
    Group { of: "Vault", places: &[Home(".vault-token"), Home(".vault"), Home(".bao-token"), Home(".bao")] },
    // kubectl, "Organizing cluster access using kubeconfig files"; Kubernetes, "Configure service accounts for pods"; kubeadm,
    // "PKI certificates"; k3s, "Cluster access"; minikube, k3d, kind, talosctl, argocd: their documentation of configuration.
    Group { of: "Kubernetes", places: &[
        Home(".kube"), Home(".minikube"), Home(".k3d"), Config("k3d"), Home(".talos"), Config("argocd"), Home(".argocd"),
        Root("/var/run/secrets"), Root("/run/secrets"), Root("/etc/kubernetes"), Root("/etc/rancher"),
        Root("/var/lib/kubelet"), Root("/var/lib/rancher"),
    ] },
    // docker login, "Credential stores"; docker context, "Docker contexts"; containers-auth.json(5); helm registry login; oras
    // login; PyPA, "The .pypirc file".
    Group { of: "registries", places: &[
        Home(".docker/config.json"), Home(".docker/contexts"), Home(".dockercfg"), Config("containers/auth.json"),
        Runtime("containers/auth.json"), Config("helm/registry"), Config("helm/registry.json"), Home(".regctl"), Home(".pypirc"),
    ] },
    // Terraform, "CLI configuration: credentials"; OpenTofu, "CLI configuration file"; Pulumi, "pulumi login".
    Group { of: "Terraform, Pulumi", places: &[
        Home(".terraformrc"), Home(".tofurc"), Home(".terraform.d/credentials.tfrc.json"), Config("opentofu"),
        Home(".pulumi/credentials.json"),
    ] },
    // Each tool's documentation of its configuration file.
    Group { of: "other clouds", places: &[
        Config("doctl"), Config("hcloud"), Config("linode-cli"), Config("scw"), Config("openstack"), Home(".oci"), Home(".bluemix"),
        Home(".aliyun"), Home(".fly"), Home(".cloudflared"), Home(".wrangler"), Config(".wrangler"), Data("com.vercel.cli"),
        Config("netlify"), Home(".databrickscfg"), Home(".snowflake"), Config("snowflake"), Home(".snowsql"), Home(".supabase"),
        Home(".railway"), Config("rclone"), Home(".rclone.conf"), Home(".mc"), Home(".mcli"), Home(".tsh"),
    ] },
    // GNOME Keyring and KWallet keep their files here; sops, "Encrypting using age"; 1Password CLI, "Configuration directories";
    // Bitwarden CLI, "Data storage"; Python's keyrings.alt, `file_base.py`.
    Group { of: "keyrings", places: &[
        Data("keyrings"), Data("kwalletd"), Data("python_keyring"), Config("sops"), Config("op"), Home(".op"), Home(".1password"),
        Config("Bitwarden CLI"), Cache("keyring-cache"),
    ] },
    // docs.docker.com, "Protect the Docker daemon socket": whoever reaches it is root. The same holds for the others.
    Group { of: "container engines", places: &[
        Root("/run/docker.sock"), Root("/var/run/docker.sock"), Root("/run/docker"), Home(".docker/run"), Home(".docker/desktop"),
        Root("/run/containerd"), Root("/run/podman"), Root("/run/crio"), Root("/run/buildkit"), Root("/run/k3s"),
        Home(".colima"), Home(".lima"), Home(".rd"), Home(".orbstack/run"), Root("/run/incus"), Root("/var/lib/incus"),
        Root("/var/snap/lxd/common/lxd"), Root("/var/lib/lxd"), Root("/run/libvirt"), Root("/run/snapd.socket"),
    ] },
    // GnuPG, "Agent configuration": the agent signs and decrypts for whoever reaches its socket; the keys are as good.
    Group { of: "GnuPG", places: &[
        Home(".gnupg/private-keys-v1.d"), Home(".gnupg/secring.gpg"),
        Home(".gnupg/S.gpg-agent"), Home(".gnupg/S.gpg-agent.ssh"), Home(".gnupg/S.gpg-agent.extra"),
        Home(".gnupg/S.gpg-agent.browser"), Home(".gnupg/S.scdaemon"), Home(".gnupg/S.keyboxd"),
    ] },
];

/// Files of build tools with logins, below the toolchains that `strict` lets the command read.
///
/// Sources: Maven, "Password encryption"; Gradle, "Build environment"; Bundler, "bundle config"; pip, "Configuration".
#[rustfmt::skip]
pub(super) const BUILD_TOOLS: &[Group] = &[Group { of: "build tools", places: &[
    Home(".m2/settings.xml"), Home(".m2/settings-security.xml"), Home(".gradle/gradle.properties"), Home(".bundle/config"), Home(".gem/credentials"),
    Config("pip"), Config("uv"), Home(".nuget/NuGet"),
] }];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_row_hides_a_whole_base_and_none_is_twice() {
        let places: Vec<_> = CREDENTIALS.iter().flat_map(|group| group.places).collect();
        let distinct: BTreeSet<_> = places.iter().map(|place| format!("{place:?}")).collect();
        assert_eq!(distinct.len(), places.len());
        for place in places {
            let (Home(name) | Config(name) | Data(name) | Cache(name) | Runtime(name) | Root(name)) =
                place
            else {
                panic!("{place:?}");
            };
            assert!(name.len() > 1 && *name != "/run" && !name.contains(".."), "{place:?}");
        }
    }
}
