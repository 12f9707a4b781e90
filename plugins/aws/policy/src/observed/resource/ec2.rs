//! Resource types of EC2, read from the prefixes of its ids. Source: EC2 API reference, `CreateTags`; EC2
//! User Guide, "Resource IDs".

/// The part of an id before its `-`, and the resource type.
const PREFIXES: [(&str, &str); 29] = [
    ("acl", "network-acl"),
    ("ami", "image"),
    ("cgw", "customer-gateway"),
    ("cr", "capacity-reservation"),
    ("dopt", "dhcp-options"),
    ("eigw", "egress-only-internet-gateway"),
    ("eipalloc", "elastic-ip"),
    ("eni", "network-interface"),
    ("fl", "vpc-flow-log"),
    ("fleet", "fleet"),
    ("h", "dedicated-host"),
    ("i", "instance"),
    ("igw", "internet-gateway"),
    ("key", "key-pair"),
    ("lt", "launch-template"),
    ("nat", "natgateway"),
    ("pcx", "vpc-peering-connection"),
    ("pl", "prefix-list"),
    ("rtb", "route-table"),
    ("sg", "security-group"),
    ("sgr", "security-group-rule"),
    ("snap", "snapshot"),
    ("subnet", "subnet"),
    ("tgw", "transit-gateway"),
    ("vgw", "vpn-gateway"),
    ("vol", "volume"),
    ("vpc", "vpc"),
    ("vpce", "vpc-endpoint"),
    ("vpn", "vpn-connection"),
];

/// The parameter that takes ids of any type.
pub const ANY: &str = "ResourceId";

/// Returns the resource type of an id, or `None` for an unknown prefix.
pub fn kind(id: &str) -> Option<&'static str> {
    let (prefix, _) = id.split_once('-')?;
    PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_one_that_can_be_tagged_and_is_named_by_one_id() {
        let service = aws_catalogue::service("ec2").unwrap();
        let types = service.types();
        let set = aws_catalogue::find("ec2:CreateTags").unwrap().set;
        for (prefix, kind) in PREFIXES {
            let place =
                types.iter().position(|one| one.name == kind).unwrap_or_else(|| panic!("{kind}"));
            assert!(service.types_of(set).iter().any(|(of, _)| *of == place), "{prefix}");
            assert_eq!(
                types[place].arn.rsplit_once('/').unwrap().0.matches('/').count(),
                0,
                "{kind}"
            );
        }
        assert_eq!((kind("i-1"), kind("sg"), kind("new-1")), (Some("instance"), None, None));
    }
}
