//! Gives up the rights of this process for good.
//!
//! Guarantees: the command has no capability, and gains none by executing a program, whether it is root or not. As root in a user
//! namespace, it would get all of them back at `exec`, and could unmount what hides files. Does not hold a namespace that the
//! command makes: there it has every right, over that namespace alone.

use std::io;

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_capabilities_secure_bits, set_no_new_privs,
};

/// The highest number of a capability that the kernel's interface can express.
const LAST: u32 = 63;

/// Gives up every capability.
pub(super) fn give_up() -> io::Result<()> {
    for number in 0..=LAST {
        let one = CapabilitySet::from_bits_retain(1 << number);
        // The kernel refuses to name a capability that it does not know.
        if capability_is_in_bounding_set(one).unwrap_or(false) {
            remove_capability_from_bounding_set(one)?;
        }
    }
    clear_ambient_capability_set()?;
    set_capabilities_secure_bits(
        CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
    )?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(())
}

/// Makes this process and its children gain no privileges by executing a program.
pub(super) fn forbid_new_privileges() -> io::Result<()> {
    Ok(set_no_new_privs(true)?)
}
