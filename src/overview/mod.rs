//! Figures of the whole, from kept counts.
