//! The order in which spans are shown: each below its parent, whatever their ids say.

use std::collections::HashMap;

use super::spans::{Span, Spans};

/// Spans by their place in [`Spans::all`], each with how deep it lies.
#[derive(Debug)]
pub(super) struct Tree(Vec<(usize, usize)>);

impl Tree {
    /// Every span once: below its parent where that is there, and by time among its siblings.
    /// Spans that are each other's ancestors begin with the earliest.
    pub(super) fn of(spans: &Spans) -> Self {
        Self(order(spans.all()))
    }

    /// The spans in their order.
    pub(super) fn spans<'s>(&self, spans: &'s Spans) -> impl Iterator<Item = (usize, &'s Span)> {
        let placed = self.0.iter();
        placed.filter_map(|(depth, place)| Some((*depth, spans.all().get(*place)?)))
    }
}

fn order(spans: &[Span]) -> Vec<(usize, usize)> {
    let places: HashMap<&[u8], usize> = spans
        .iter()
        .enumerate()
        .map(|(place, span)| (span.id.as_slice(), place))
        .collect();
    let mut by_time: Vec<usize> = (0..spans.len()).collect();
    by_time.sort_by_key(|place| spans.get(*place).map(|span| span.start));
    let mut roots = Vec::new();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for place in &by_time {
        let parent = spans.get(*place).map_or(&[][..], |span| &span.parent);
        match places.get(parent) {
            Some(parent) => children.entry(*parent).or_default().push(*place),
            None => roots.push(*place),
        }
    }
    let mut placed = vec![false; spans.len()];
    let mut ordered = Vec::with_capacity(spans.len());
    // Whatever no root leads to lies in a cycle.
    for root in roots.into_iter().chain(by_time) {
        let mut open = vec![(0, root)];
        while let Some((depth, place)) = open.pop() {
            match placed.get_mut(place) {
                Some(placed) if !*placed => *placed = true,
                _ => continue,
            }
            ordered.push((depth, place));
            let below = children.get(&place).into_iter().flatten().rev();
            open.extend(below.map(|child| (depth + 1, *child)));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A span of an id, a parent and a start; 0 is no parent.
    fn span((id, parent, start): (u8, u8, u64)) -> Span {
        Span {
            id: vec![id],
            parent: if parent == 0 {
                Vec::new()
            } else {
                vec![parent]
            },
            name: String::new(),
            kind: "internal",
            start,
            end: start,
            is_error: false,
            attributes: Default::default(),
            events: Vec::new(),
            service: None,
        }
    }

    fn ordered<const N: usize>(spans: [(u8, u8, u64); N]) -> Vec<(usize, u8)> {
        let spans = spans.map(span);
        let order = order(&spans);
        order
            .into_iter()
            .map(|(depth, place)| (depth, spans[place].id[0]))
            .collect()
    }

    #[test]
    fn children_lie_below_their_parents_by_time() {
        let spans = [(4, 1, 9), (2, 1, 5), (3, 2, 6), (1, 0, 1), (5, 99, 2)];
        assert_eq!(ordered(spans), [(0, 1), (1, 2), (2, 3), (1, 4), (0, 5)]);
    }

    #[test]
    fn cycles_are_shown_once_from_their_earliest_on() {
        assert_eq!(ordered([(1, 1, 1)]), [(0, 1)]);
        assert_eq!(
            ordered([(1, 3, 5), (2, 1, 6), (3, 2, 4), (4, 0, 9)]),
            [(0, 4), (0, 3), (1, 1), (2, 2)]
        );
    }

    #[test]
    fn a_chain_of_thousands_takes_no_stack() {
        let spans: Vec<Span> = (0..5_000_u32)
            .map(|number| Span {
                id: number.to_be_bytes().to_vec(),
                parent: number.wrapping_sub(1).to_be_bytes().to_vec(),
                ..span((0, 0, 0))
            })
            .collect();
        assert_eq!(order(&spans).last(), Some(&(4_999, 4_999)));
    }
}
