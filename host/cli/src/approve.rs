//! The last check by the filters: they see the request to the cloud, and nothing is minted if one of them
//! rejects it.
//!
//! INVARIANT: `mint` takes [`Approved`], which is made only here. Nothing can be removed at this stage, so
//! that the request to the cloud is the one that was shown. A filter that wants less rejects the plan and
//! gives the reason.

use crate::filter::FilterError;
use crate::plan::Planned;
use audex_components::filter::{Approval, Context, Filter};

/// A plan that every filter approved. The plan cannot be changed.
pub struct Approved {
    planned: Planned,
    filters: Vec<Filter>,
    context: Context,
}

impl Approved {
    /// Returns the plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Asks every filter again if `method` is not the planned one.
    ///
    /// # Errors
    /// When a filter fails or rejects `method`.
    pub(crate) fn by_method(&self, method: &str) -> Result<(), FilterError> {
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

/// Asks every filter to approve the request to the cloud. `log` is called with the filters that were asked, also if one
/// of them fails.
///
/// # Errors
/// When a filter fails or rejects the plan.
pub fn approve(
    planned: Planned,
    filters: Vec<Filter>,
    context: Context,
    log: impl FnOnce(&[Filter]),
) -> Result<Approved, FilterError> {
    let refused = filters.iter().find_map(|filter| {
        match filter.approve(planned.grant.shown(), &planned.plan, &context) {
            Ok(Approval::Approve) => None,
            Ok(Approval::Refuse(reason)) => Some(FilterError::Refused {
                by: filter.loaded().name.clone(),
                reason,
                settings: None,
            }),
            Err(error) => Some(FilterError::Failed(error)),
        }
    });
    log(&filters);
    match refused {
        Some(error) => Err(error),
        None => Ok(Approved { planned, filters, context }),
    }
}
