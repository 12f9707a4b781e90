//! The filters' last word: they see what will be asked of the cloud, and nothing is minted that one of them refuses.
//!
//! INVARIANT: `mint` takes [`Approved`], which is made here and nowhere else. Nothing can be taken away any more, so that what
//! was shown is what is asked for; a filter that wants less refuses and says what.

use crate::filter::FilterError;
use crate::plan::Planned;
use crate::plugin::filter::{Approval, Context, Filter};

/// A plan that no filter refuses. It cannot be changed.
#[derive(Debug)]
pub struct Approved(Planned);

impl Approved {
    /// The plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.0
    }

    /// The plan, to be spent.
    #[must_use]
    pub fn into_planned(self) -> Planned {
        self.0
    }
}

/// Asks every filter whether `planned` may be asked of the cloud.
///
/// # Errors
/// When one fails or refuses.
pub fn approve(planned: Planned, filters: &[Filter], context: &Context) -> Result<Approved, FilterError> {
    for filter in filters {
        let approval = filter.approve(planned.grant.shown(), &planned.plan, context);
        if let Approval::Refuse(reason) = approval.map_err(FilterError::Failed)? {
            return Err(FilterError::Refused { by: filter.loaded().name.clone(), reason });
        }
    }
    Ok(Approved(planned))
}
