//! The filters' last word: they see what will be asked of the cloud, and nothing is minted that one of them refuses.
//!
//! INVARIANT: `mint` takes [`Approved`], which is made here and nowhere else. Nothing can be taken away any more, so that what
//! was shown is what is asked for; a filter that wants less refuses and says what.

use crate::filter::FilterError;
use crate::plan::Planned;
use audex_components::filter::{Approval, Context, Filter};

/// A plan that no filter refuses. It cannot be changed.
pub struct Approved {
    planned: Planned,
    filters: Vec<Filter>,
    context: Context,
}

impl Approved {
    /// The plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Asks every filter again where the cloud left another way than the planned one.
    ///
    /// # Errors
    /// When one fails, or refuses `method`.
    pub fn by_method(&self, method: &str) -> Result<(), FilterError> {
        if method == self.planned.plan.method {
            return Ok(());
        }
        let mut plan = self.planned.plan.clone();
        let planned = std::mem::replace(&mut plan.method, method.to_owned());
        for filter in &self.filters {
            let approval = filter.approve(self.planned.grant.shown(), &plan, &self.context);
            if let Approval::Refuse(reason) = approval.map_err(FilterError::Failed)? {
                let (by, method) = (filter.loaded().name.clone(), method.to_owned());
                return Err(FilterError::RefusedMethod { by, method, planned, reason });
            }
        }
        Ok(())
    }
}

/// Asks every filter whether `planned` may be asked of the cloud.
///
/// # Errors
/// When one fails or refuses.
pub fn approve(planned: Planned, filters: Vec<Filter>, context: Context) -> Result<Approved, FilterError> {
    for filter in &filters {
        let approval = filter.approve(planned.grant.shown(), &planned.plan, &context);
        if let Approval::Refuse(reason) = approval.map_err(FilterError::Failed)? {
            return Err(FilterError::Refused { by: filter.loaded().name.clone(), reason, settings: None });
        }
    }
    Ok(Approved { planned, filters, context })
}
