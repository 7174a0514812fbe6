//! Totals by kind: what was received, refused and lost since start, each under the name it is shown
//! by. Counting is one addition, to memory of one owner or to an atomic that many share.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// What can be counted, made by [`counted!`](crate::counted).
pub trait Counted: Copy {
    /// Its place among its kind, from 0.
    fn index(self) -> usize;
}

/// Declares an enum of what is counted: each variant with its documentation and the name of its
/// total. Gives it `ALL`, in this order, and `name`.
#[macro_export]
macro_rules! counted {
    (
        $(#[$doc:meta])*
        $vis:vis enum $kind:ident { $($(#[$item:meta])* $variant:ident = $total:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $kind {
            $($(#[$item])* $variant,)*
        }

        impl $kind {
            /// All of them, in the order of their totals.
            $vis const ALL: [Self; [$($total),*].len()] = [$(Self::$variant),*];

            /// Its total's name.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $total,)*
                }
            }
        }

        impl $crate::totals::Counted for $kind {
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

/// Totals of one owner; `N` is the number of kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Totals<K, const N: usize> {
    counts: [u64; N],
    kind: PhantomData<K>,
}

impl<K, const N: usize> Default for Totals<K, N> {
    fn default() -> Self {
        Self { counts: [0; N], kind: PhantomData }
    }
}

impl<K, const N: usize> fmt::Debug for Totals<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.fmt(f)
    }
}

impl<K: Counted, const N: usize> Totals<K, N> {
    /// One more.
    pub fn count(&mut self, kind: K) {
        self.counts[kind.index()] += 1;
    }

    /// How many of this kind.
    #[must_use]
    pub fn of(&self, kind: K) -> u64 {
        self.counts[kind.index()]
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds those of another owner.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

/// Totals that many threads count; `N` is the number of kinds.
pub struct SharedTotals<K, const N: usize> {
    counts: [AtomicU64; N],
    kind: PhantomData<fn(K)>,
}

impl<K, const N: usize> Default for SharedTotals<K, N> {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| AtomicU64::new(0)), kind: PhantomData }
    }
}

impl<K, const N: usize> fmt::Debug for SharedTotals<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.fmt(f)
    }
}

impl<K: Counted, const N: usize> SharedTotals<K, N> {
    /// One more.
    pub fn count(&self, kind: K) {
        self.counts[kind.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn of(&self, kind: K) -> u64 {
        self.counts[kind.index()].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    counted! {
        /// Fruit.
        enum Fruit {
            /// Red.
            Apple = "apples_total",
            /// Yellow.
            Pear = "pears_total",
        }
    }

    #[test]
    fn each_kind_has_its_own_total_and_name() {
        assert_eq!(Fruit::ALL.map(Fruit::name), ["apples_total", "pears_total"]);
        let mut own = Totals::<Fruit, { Fruit::ALL.len() }>::default();
        own.count(Fruit::Pear);
        own.count(Fruit::Pear);
        own.count(Fruit::Apple);
        assert_eq!((own.of(Fruit::Apple), own.of(Fruit::Pear), own.total()), (1, 2, 3));
        let mut sum = own;
        sum.add(&own);
        assert_eq!((sum.of(Fruit::Apple), sum.of(Fruit::Pear)), (2, 4));
        let shared = SharedTotals::<Fruit, { Fruit::ALL.len() }>::default();
        shared.count(Fruit::Apple);
        assert_eq!((shared.of(Fruit::Apple), shared.of(Fruit::Pear)), (1, 0));
    }
}
