//! Gives up the rights of this process for good.
//!
//! Guarantees: in a user namespace, the command has no capability, and gains none by executing a program, whether it is root or not;
//! as root, it would get all of them back at `exec`, and could unmount what hides files. Without a user namespace, root keeps the
//! ordinary ones, and loses those that lead past the other mechanisms. Does not hold a namespace that the command makes: there it
//! has every right, over that namespace alone.

use std::io;

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities,
    capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
    set_no_new_privs,
};

/// The highest number of a capability that the kernel's interface can express.
const LAST: u32 = 63;

/// The capabilities that root keeps without a user namespace: the rights over files and users of a container, without those over devices, mounts,
/// networks and other processes' memory. With `CAP_SYS_ADMIN` or `CAP_PERFMON`, Linux 6.15 and later lets a process read every other's
/// environment, whatever Landlock says (`may_access_mm` in kernel/fork.c).
const ORDINARY: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::AUDIT_WRITE);

/// Gives up every capability.
pub(super) fn give_up() -> io::Result<()> {
    clear_ambient_capability_set()?;
    restrict_to(CapabilitySet::empty())
}

/// Gives up every capability but the ordinary ones of root.
pub(super) fn give_up_unusual() -> io::Result<()> {
    restrict_to(ORDINARY)
}

fn restrict_to(kept: CapabilitySet) -> io::Result<()> {
    let own = capabilities(None)?;
    // A user without this capability has no other either, and gains none, because no program gives new privileges.
    if own.effective.contains(CapabilitySet::SETPCAP) {
        for number in 0..=LAST {
            let one = CapabilitySet::from_bits_retain(1 << number);
            // The kernel refuses to name a capability that it does not know.
            if !kept.contains(one) && capability_is_in_bounding_set(one).unwrap_or(false) {
                remove_capability_from_bounding_set(one)?;
            }
        }
        if kept.is_empty() {
            set_capabilities_secure_bits(NOTHING_BY_EXECUTION)?;
        }
    }
    let (effective, permitted) = (own.effective & kept, own.permitted & kept);
    let inheritable = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective, permitted, inheritable })?)
}

/// The bits by which root is a user like any other.
const NOTHING_BY_EXECUTION: CapabilitiesSecureBits = CapabilitiesSecureBits::NO_ROOT
    .union(CapabilitiesSecureBits::NO_ROOT_LOCKED)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED)
    .union(CapabilitiesSecureBits::KEEP_CAPS_LOCKED)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED);

/// Makes this process and its children gain no privileges by executing a program.
pub(super) fn forbid_new_privileges() -> io::Result<()> {
    Ok(set_no_new_privs(true)?)
}
