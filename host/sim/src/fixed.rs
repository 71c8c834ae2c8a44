//! Fixed-point numbers: coordinates, rates, points. No multiplication operator on purpose: a
//! product is either widened (`mul_wide`) or named for what it does at the edge.
//!
//! Knows nothing of floats except their bits: [`quantise`] is the one place where an IEEE 754
//! number from outside becomes a number of the simulation.

use core::ops::{Add, Neg, Sub};

use serde::{Deserialize, Serialize};

/// A length or coordinate in 1/65,536 block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Coord(i64);

/// A velocity component in blocks a tick, or an acceleration in blocks a tick per tick, with 32
/// fraction bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rate(i64);

/// Health points in 1/65,536 point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Points(i64);

macro_rules! fixed {
    ($name:ident, $bits:literal) => {
        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// One whole unit.
            pub const ONE: Self = Self(1 << $bits);
            /// How many bits stand after the point.
            pub const FRACTION_BITS: u32 = $bits;

            /// From the raw number of smallest parts.
            pub const fn from_raw(raw: i64) -> Self {
                Self(raw)
            }

            /// From whole units.
            pub const fn from_whole(whole: i64) -> Self {
                Self(whole.saturating_mul(1 << $bits))
            }

            /// The raw number of smallest parts.
            pub const fn raw(self) -> i64 {
                self.0
            }

            /// The largest whole number not above this one.
            pub const fn floor(self) -> i64 {
                self.0 >> $bits
            }

            /// The exact product, with twice the fraction bits.
            pub const fn mul_wide(self, other: Self) -> i128 {
                self.0 as i128 * other.0 as i128
            }

            /// The distance from zero.
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }
        }

        /// Saturates at the ends of `i64`, far outside every bound of the simulation.
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        /// Saturates at the ends of `i64`, far outside every bound of the simulation.
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(self.0.saturating_neg())
            }
        }
    };
}

fixed!(Coord, 16);
fixed!(Rate, 32);
fixed!(Points, 16);

/// Why a number from outside is not a number of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantiseError {
    /// NaN or an infinity.
    NotFinite,
    /// Too large in absolute value for an `i64` of the wanted precision.
    OutOfRange,
}

impl core::fmt::Display for QuantiseError {
    fn fmt(&self, text: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        text.write_str(match self {
            Self::NotFinite => "a number must be finite, not a NaN or an infinity",
            Self::OutOfRange => "a number is too large for the world",
        })
    }
}

impl core::error::Error for QuantiseError {}

/// Rounds the IEEE 754 double with these `bits`, divided by `divisor` (at least 1, at most 3,600), to a whole
/// number of `2^-fraction_bits` (at most 32), half to even. This is the one rounding of everything
/// that crosses from a spell or a client into the simulation.
///
/// # Errors
/// [`QuantiseError`] where the number is not finite or its absolute value is `2^62` parts or more.
pub fn quantise(bits: u64, fraction_bits: u32, divisor: u32) -> Result<i64, QuantiseError> {
    let negative = bits >> 63 == 1;
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0x7ff {
        return Err(QuantiseError::NotFinite);
    }
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    // value = mantissa * 2^exponent; wanted: mantissa * 2^shift / divisor, rounded half to even.
    let shift = exponent + fraction_bits as i32;
    if mantissa == 0 {
        return Ok(0);
    }
    // 2^62 * 3,600 needs 74 bits: a shift of 63 and more of a 53-bit mantissa is always too large.
    if shift > 62 {
        return Err(QuantiseError::OutOfRange);
    }
    let (numerator, denominator) = if shift >= 0 {
        ((mantissa as u128) << shift, divisor as u128)
    } else if shift > -74 {
        (mantissa as u128, (divisor as u128) << -shift)
    } else {
        return Ok(0);
    };
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let up = match (rest * 2).cmp(&denominator) {
        core::cmp::Ordering::Less => false,
        core::cmp::Ordering::Equal => quotient & 1 == 1,
        core::cmp::Ordering::Greater => true,
    };
    let rounded = quotient + up as u128;
    if rounded >= 1 << 62 {
        return Err(QuantiseError::OutOfRange);
    }
    let rounded = rounded as i64;
    Ok(if negative { -rounded } else { rounded })
}

#[cfg(test)]
#[allow(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "the tests compare with the floats that the simulation does without"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(value: f64, divisor: u32) -> Result<i64, QuantiseError> {
        quantise(value.to_bits(), 0, divisor)
    }

    #[test]
    fn halves_go_to_even() {
        for (value, expected) in [
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (3.5, 4),
            (-0.5, 0),
            (-1.5, -2),
            (-2.5, -2),
            (0.500_000_1, 1),
            (2.499_999, 2),
        ] {
            assert_eq!(whole(value, 1), Ok(expected), "{value}");
        }
        assert_eq!(quantise(1.5f64.to_bits(), 0, 3), Ok(0), "a half after the division");
        assert_eq!(quantise(4.5f64.to_bits(), 0, 3), Ok(2), "one and a half after the division");
        assert_eq!(quantise((1.5 / 65_536.0f64).to_bits(), 16, 1), Ok(2));
    }

    #[test]
    fn zeroes_and_subnormals_are_zero() {
        for value in [
            0.0,
            -0.0,
            f64::from_bits(1),
            f64::from_bits((1 << 52) - 1),
            f64::MIN_POSITIVE,
            -f64::MIN_POSITIVE,
        ] {
            for divisor in [1, 60, 3_600] {
                assert_eq!(quantise(value.to_bits(), 32, divisor), Ok(0), "{value:e}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_or_too_large_is_refused() {
        for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(whole(value, 1), Err(QuantiseError::NotFinite));
        }
        let limit = 4_611_686_018_427_387_904.0; // 2^62
        let below = 4_611_686_018_427_387_392.0; // the largest double below 2^62
        for (value, expected) in [(limit, None), (below, Some(below as i64)), (f64::MAX, None)] {
            assert_eq!(whole(value, 1), expected.ok_or(QuantiseError::OutOfRange), "{value:e}");
            assert_eq!(
                whole(-value, 1),
                expected.map(|raw| -raw).ok_or(QuantiseError::OutOfRange),
                "{value:e}"
            );
        }
        assert_eq!(whole(limit * 3_599.0, 3_600).map(|raw| raw >> 50), Ok(4_094), "divided first");
        assert_eq!(whole(limit * 3_600.0, 3_600), Err(QuantiseError::OutOfRange));
        assert_eq!(quantise((below / 65_536.0).to_bits(), 16, 1), Ok(below as i64));
    }

    proptest! {
        /// Scaling by a power of two is exact in a double, so its own rounding is the reference.
        #[test]
        fn without_a_divisor_it_rounds_like_a_double(raw in -1i64 << 29..1 << 29, parts in 0u32..40, bits in 0u32..=32) {
            let value = raw as f64 / (1u64 << parts) as f64;
            let expected = (value * (1u64 << bits) as f64).round_ties_even();
            prop_assert_eq!(quantise(value.to_bits(), bits, 1), Ok(expected as i64));
        }

        #[test]
        fn any_double_gives_the_nearest_or_an_error(bits: u64, fraction_bits in 0u32..=32, divisor in 1u32..=3_600) {
            let value = f64::from_bits(bits);
            let near = value * (1u64 << fraction_bits) as f64 / divisor as f64;
            match quantise(bits, fraction_bits, divisor) {
                Ok(raw) => prop_assert!((raw as f64 - near).abs() <= 0.5 + near.abs() * 1e-15, "{} {}", raw, near),
                Err(QuantiseError::NotFinite) => prop_assert!(!value.is_finite()),
                Err(QuantiseError::OutOfRange) => prop_assert!(near.abs() >= 4.6e18, "{}", near),
            }
        }

        #[test]
        fn a_divided_number_is_the_nearest(raw in -1i64 << 50..1 << 50, divisor in 1u32..=3_600) {
            let rounded = whole(raw as f64, divisor).expect("small") as i128;
            let rest = (raw as i128 - rounded * divisor as i128).abs() * 2;
            prop_assert!(rest < divisor as i128 || rest == divisor as i128 && rounded % 2 == 0);
        }

        #[test]
        fn every_coordinate_survives_a_double(raw in -1i64 << 36..=1 << 36) {
            prop_assert_eq!(quantise((raw as f64 / 65_536.0).to_bits(), Coord::FRACTION_BITS, 1), Ok(raw));
        }

        #[test]
        fn the_sign_is_only_a_sign(bits: u64, fraction_bits in 0u32..=32, divisor in 1u32..=3_600) {
            let negated = quantise(bits ^ 1 << 63, fraction_bits, divisor);
            prop_assert_eq!(quantise(bits, fraction_bits, divisor).map(|raw| -raw), negated);
        }
    }

    #[test]
    fn sums_saturate_and_products_widen() {
        let most = Coord::from_raw(i64::MAX);
        assert_eq!(most + Coord::ONE, most);
        assert_eq!(-Coord::from_raw(i64::MIN), most);
        assert_eq!(Coord::from_raw(i64::MIN).abs(), most);
        assert_eq!(Coord::from_raw(i64::MIN) - Coord::ONE, Coord::from_raw(i64::MIN));
        assert_eq!(Coord::from_whole(i64::MAX), most);
        assert_eq!(Coord::from_raw(-1).floor(), -1);
        assert_eq!(Rate::ONE.mul_wide(Rate::ONE), 1 << 64);
        assert_eq!(Points::from_whole(100).raw(), 6_553_600);
    }
}
