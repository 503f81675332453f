//! Finds the route of a request: by its path, then by its verb.
//!
//! The paths are a tree of segments in which a literal comes before `*` and `*` before `**`. Each
//! node stands for one way to read the path's beginning and is looked at once at most, so a search
//! is bounded by the contracts and not by what a stranger sends.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use super::routes::{Route, Routes};
use super::template::Segment;

/// What the contracts have for a verb and a path.
#[derive(Debug)]
pub(super) enum Found {
    /// This route.
    Route(Arc<Route>),
    /// The path, but with other verbs; one route of them.
    OtherVerbs(Vec<Method>, Arc<Route>),
    /// Not even the path.
    Nothing,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct RouteTree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    one: Option<Box<Node>>,
    rest: Option<Box<Node>>,
    /// What ends here, by the custom verb behind the path's last colon.
    ends: HashMap<Option<String>, Vec<Arc<Route>>>,
}

impl RouteTree {
    /// The tree of `routes`.
    pub(super) fn new(routes: &Routes) -> Self {
        let mut tree = Self::default();
        for route in routes.iter() {
            let mut node = &mut tree.root;
            for segment in route.template.segments() {
                node = match segment {
                    Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                    Segment::One => node.one.get_or_insert_default(),
                    Segment::Rest => node.rest.get_or_insert_default(),
                };
            }
            let verb = route.template.verb().map(str::to_owned);
            node.ends.entry(verb).or_default().push(Arc::clone(route));
        }
        tree
    }

    /// The route for `verb` and the segments of a path, which [`segments`] splits.
    pub(super) fn find(&self, verb: &Method, path: &[&str]) -> Found {
        let mut search = Search {
            verb,
            others: Vec::new(),
            other_route: None,
        };
        let split = path.split_last().and_then(|(last, before)| {
            let (last, custom) = last.rsplit_once(':')?;
            let mut path = before.to_vec();
            path.push(last);
            Some((path, custom))
        });
        let with_custom_verb =
            split.and_then(|(path, custom)| search.below(&self.root, &path, Some(custom)));
        let found = with_custom_verb.or_else(|| search.below(&self.root, path, None));
        match (found, search.other_route) {
            (Some(route), _) => Found::Route(Arc::clone(route)),
            (None, Some(other)) => Found::OtherVerbs(search.others, Arc::clone(other)),
            (None, None) => Found::Nothing,
        }
    }
}

/// The segments of `path`. An empty one is among them, and no template has one that it matches.
pub(super) fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

struct Search<'t, 'v> {
    verb: &'v Method,
    others: Vec<Method>,
    other_route: Option<&'t Arc<Route>>,
}

impl<'t> Search<'t, '_> {
    fn below(
        &mut self,
        node: &'t Node,
        path: &[&str],
        custom: Option<&str>,
    ) -> Option<&'t Arc<Route>> {
        let Some((segment, behind)) = path.split_first() else {
            return self
                .ending(node, custom)
                .or_else(|| self.ending(node.rest.as_deref()?, custom));
        };
        if segment.is_empty() {
            return None;
        }
        let literal = node.literals.get(*segment);
        literal
            .and_then(|node| self.below(node, behind, custom))
            .or_else(|| self.below(node.one.as_deref()?, behind, custom))
            .or_else(|| {
                let all = !behind.iter().any(|segment| segment.is_empty());
                self.ending(node.rest.as_deref().filter(|_| all)?, custom)
            })
    }

    fn ending(&mut self, node: &'t Node, custom: Option<&str>) -> Option<&'t Arc<Route>> {
        let ends = node.ends.get(&custom.map(str::to_owned))?;
        for route in ends {
            if route.verb == *self.verb {
                return Some(route);
            }
            if !self.others.contains(&route.verb) {
                self.others.push(route.verb.clone());
            }
            self.other_route.get_or_insert(route);
        }
        None
    }
}

#[cfg(test)]
mod tests;
