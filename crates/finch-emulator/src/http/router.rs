//! Which path and method lead to which handler.

use hyper::Method;

use super::{ApiError, Request};

pub(crate) type Route<H> = (Method, &'static str, H);

/// The routes of a table, by path.
pub(crate) struct Router<H: 'static> {
    table: &'static [Route<H>],
    /// Positions in the table.
    paths: matchit::Router<Vec<usize>>,
}

impl<H> Router<H> {
    pub(crate) fn new(table: &'static [Route<H>]) -> Self {
        let mut paths = matchit::Router::<Vec<usize>>::new();
        for (position, (_, path, _)) in table.iter().enumerate() {
            if let Ok(known) = paths.at_mut(path) {
                known.value.push(position);
            } else {
                let inserted = paths.insert(*path, vec![position]);
                debug_assert!(inserted.is_ok(), "{path}: {inserted:?}");
            }
        }
        Self { table, paths }
    }

    /// The route of a request: its position in the table, and its handler.
    pub(crate) fn find(&self, request: &Request) -> Option<(usize, &'static H)> {
        // HEAD is GET; the server leaves out the body.
        let method = match request.method() {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        let position = self.at(request).iter().find(|at| self.table[**at].0 == *method)?;
        Some((*position, &self.table[*position].2))
    }

    /// The error for a request without a route: an unknown path, or a method that the path does not have.
    pub(crate) fn unrouted(&self, request: &Request) -> ApiError {
        let allowed: Vec<_> =
            self.at(request).iter().map(|at| self.table[*at].0.as_str()).collect();
        if allowed.is_empty() {
            return ApiError::not_found(request.path());
        }
        ApiError::method_not_allowed(request.method(), request.path(), &allowed.join(", "))
    }

    fn at(&self, request: &Request) -> &[usize] {
        self.paths.at(request.path()).map_or(&[], |found| found.value)
    }
}
