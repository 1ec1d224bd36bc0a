//! The ring graph: which ring waits for which.

use petgraph::{
    algo::{kosaraju_scc, toposort},
    graph::DiGraph,
};

/// An order of `rings` rings in which every ring comes after the one it waits for, given as (ring, waits for).
///
/// # Errors
/// The rings of one cycle, in the order in which they wait for each other.
pub fn ring_order(rings: usize, waits: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut graph = DiGraph::<usize, ()>::new();
    let nodes: Vec<_> = (0..rings).map(|ring| graph.add_node(ring)).collect();
    for &(ring, after) in waits {
        graph.add_edge(nodes[after], nodes[ring], ());
    }
    match toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().map(|n| graph[n]).collect()),
        Err(_) => {
            let waits_for = |ring: usize| waits.iter().find(|w| w.0 == ring).map(|w| w.1);
            let in_cycle = kosaraju_scc(&graph)
                .into_iter()
                .find(|part| part.len() > 1 || graph.contains_edge(part[0], part[0]))
                .expect("invariant: a graph without topological order has a cycle");
            let first = in_cycle.iter().map(|&n| graph[n]).min().expect("invariant: a cycle has a ring");
            let mut cycle = vec![first];
            let mut at = first;
            while let Some(next) = waits_for(at).filter(|&next| next != first) {
                if cycle.contains(&next) {
                    break;
                }
                cycle.push(next);
                at = next;
            }
            Err(cycle)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_come_after_what_they_wait_for_and_cycles_are_named() {
        assert_eq!(ring_order(3, &[(0, 2), (1, 0)]), Ok(vec![2, 0, 1]));
        assert_eq!(ring_order(4, &[(1, 2), (2, 3), (3, 1)]), Err(vec![1, 2, 3]));
        assert_eq!(ring_order(2, &[(1, 1)]), Err(vec![1]));
    }
}
