//! Whether a number is the x coordinate of a point of secp256k1 (SEC 2): x³ + 7 must be a square modulo
//! p = 2²⁵⁶ − 2³² − 977. An extended key whose point lies beside the curve is invalid (BIP-32).

type Number = [u64; 4];

/// 2²⁵⁶ modulo p.
const FOLD: u64 = 0x1_0000_03d1;

/// x in big-endian bytes.
pub(crate) fn has_point(x: &[u8; 32]) -> bool {
    let x: Number = std::array::from_fn(|i| u64::from_be_bytes(x[8 * (3 - i)..8 * (4 - i)].try_into().expect("eight bytes")));
    let square = add_small(times(times(x, x), x), 7);
    normal(power_half(square)) == [1, 0, 0, 0]
}

/// Euler's criterion: the number to the power (p − 1) / 2, which is 2²⁵⁵ − 2³¹ − 489.
fn power_half(base: Number) -> Number {
    const EXPONENT: Number = [0xffff_ffff_7fff_fe17, u64::MAX, u64::MAX, 0x7fff_ffff_ffff_ffff];
    let mut result = [1, 0, 0, 0];
    for bit in (0..256).rev() {
        result = times(result, result);
        if EXPONENT[bit / 64] >> (bit % 64) & 1 == 1 {
            result = times(result, base);
        }
    }
    result
}

/// The product modulo p, below 2²⁵⁶.
fn times(a: Number, b: Number) -> Number {
    let mut wide = [0u64; 8];
    for (i, left) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (j, right) in b.iter().enumerate() {
            carry += u128::from(wide[i + j]) + u128::from(*left) * u128::from(*right);
            wide[i + j] = carry as u64;
            carry >>= 64;
        }
        wide[i + 4] = carry as u64;
    }
    let mut low = [wide[0], wide[1], wide[2], wide[3]];
    let mut carry = 0u128;
    for i in 0..4 {
        carry += u128::from(low[i]) + u128::from(wide[i + 4]) * u128::from(FOLD);
        low[i] = carry as u64;
        carry >>= 64;
    }
    fold(low, carry as u64)
}

fn add_small(number: Number, small: u64) -> Number {
    let (mut sum, mut carry) = (number, u128::from(small));
    for limb in &mut sum {
        carry += u128::from(*limb);
        *limb = carry as u64;
        carry >>= 64;
    }
    fold(sum, carry as u64)
}

/// Brings what stands above 2²⁵⁶ back below it.
fn fold(number: Number, above: u64) -> Number {
    let (mut sum, mut carry) = (number, u128::from(above) * u128::from(FOLD));
    for limb in &mut sum {
        carry += u128::from(*limb);
        *limb = carry as u64;
        carry >>= 64;
    }
    if carry == 0 { sum } else { fold(sum, carry as u64) }
}

/// The one form below p.
fn normal(number: Number) -> Number {
    let above = add_overflows(number);
    above.unwrap_or(number)
}

/// The number plus 2²⁵⁶ − p, when that passes 2²⁵⁶: the number was p or more.
fn add_overflows(number: Number) -> Option<Number> {
    let (mut sum, mut carry) = (number, u128::from(FOLD));
    for limb in &mut sum {
        carry += u128::from(*limb);
        *limb = carry as u64;
        carry >>= 64;
    }
    (carry > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_lies_on_the_curve_and_five_does_not() {
        let generator = [
            0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07,
            0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
        ];
        let small = |x| std::array::from_fn(|i| if i == 31 { x } else { 0 });
        assert!(has_point(&generator));
        assert!(has_point(&small(1)));
        assert!(!has_point(&small(5)));
    }
}
