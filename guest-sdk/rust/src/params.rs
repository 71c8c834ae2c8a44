//! Typed parameters: one declaration makes the form that players see and the struct that the spell reads.
//!
//! Promises that a value of the wrong kind never reaches the author: the host has completed and checked them,
//! and whatever is missing (in a test) has its default.

use crate::host::spells::{Bounds, ParamSpec};
use crate::host::types::{BlockPos, CastContext, EntityId, NamedValue, Value, Vec3};
use crate::material::Material;

/// A struct made by [`params!`](crate::params!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of parameters",
    note = "declare it with `params! {{ struct {Self} {{ radius: f64 = 4.0; }} }}`"
)]
pub trait ParamSet: Sized {
    /// The parameters, for [`Info::params`](crate::Info::params).
    fn specs() -> Vec<ParamSpec>;
    /// The values of this cast. The struct's own `from` does the same.
    fn read(ctx: &CastContext) -> Self;
}

/// A kind of parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a parameter",
    note = "a parameter is a bool, an integer, an f64, a String, a Vec3, a BlockPos, an EntityId or a Material"
)]
pub trait Kind {
    /// What the author reads.
    type Rust;
    /// What it is for the host.
    fn into_value(value: Self::Rust) -> Value;
    /// What the host gave; `None` if it is of another kind or out of this type's range.
    fn read(value: &Value) -> Option<Self::Rust>;
    /// What the type itself allows, if that is less than its kind allows.
    fn bounds() -> Option<Bounds> {
        None
    }
}

/// The kind of a parameter that names an entity: `EntityId` is a plain number to the compiler.
#[doc(hidden)]
#[derive(Debug)]
pub struct Entity;

macro_rules! kind {
    ($kind:ty => $rust:ty, $case:ident($value:ident) $into:expr, $read:expr) => {
        impl Kind for $kind {
            type Rust = $rust;
            fn into_value($value: $rust) -> Value {
                Value::$case($into)
            }
            fn read(value: &Value) -> Option<$rust> {
                match value {
                    Value::$case($value) => $read,
                    _ => None,
                }
            }
        }
    };
}

kind!(bool => bool, Flag(value) value, Some(*value));
kind!(f64 => f64, Number(value) value, Some(*value));
kind!(String => String, Text(value) value, Some(value.clone()));
kind!(Vec3 => Vec3, Point(value) value, Some(*value));
kind!(BlockPos => BlockPos, Block(value) value, Some(*value));
kind!(Entity => EntityId, Entity(value) value, Some(*value));
kind!(Material => Material, Material(value) value.0, Some(Material(*value)));
kind!(i64 => i64, Integer(value) value, Some(*value));

macro_rules! narrow {
    ($($rust:ty, $max:expr;)*) => {$(
        impl Kind for $rust {
            type Rust = $rust;
            fn into_value(value: $rust) -> Value {
                Value::from(value)
            }
            fn read(value: &Value) -> Option<$rust> {
                match value {
                    Value::Integer(value) => <$rust>::try_from(*value).ok(),
                    _ => None,
                }
            }
            fn bounds() -> Option<Bounds> {
                Some(Bounds { min: <$rust>::MIN as f64, max: $max as f64 })
            }
        }
        impl From<$rust> for Value {
            fn from(value: $rust) -> Value {
                Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
            }
        }
    )*};
}

narrow! {
    i8, i8::MAX;
    i16, i16::MAX;
    i32, i32::MAX;
    u8, u8::MAX;
    u16, u16::MAX;
    u32, u32::MAX;
    // Every whole number up to here is exact in an f64, which is what ranges are made of.
    u64, 1_u64 << 53;
}

macro_rules! value_from {
    ($($rust:ty => $case:ident),*) => {$(
        impl From<$rust> for Value {
            fn from(value: $rust) -> Value {
                Value::$case(value)
            }
        }
    )*};
}

value_from!(bool => Flag, i64 => Integer, f64 => Number, String => Text, Vec3 => Point, BlockPos => Block);

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl NamedValue {
    /// A value under a name.
    pub fn new(name: impl Into<String>, value: impl Into<Value>) -> NamedValue {
        NamedValue { name: name.into(), value: value.into() }
    }
}

/// `params!` names each type here, so that the message for a wrong one points at it.
#[doc(hidden)]
pub trait Check {
    /// The type of a parameter.
    type Kind: Kind;
}

/// The spec of one parameter, with the type's own bounds.
#[doc(hidden)]
pub fn spec<K: Kind>(name: &str, default: K::Rust) -> ParamSpec {
    let mut spec = ParamSpec::new(name, K::into_value(default));
    spec.range = K::bounds();
    spec
}

/// The value of one parameter.
#[doc(hidden)]
pub fn value<K: Kind>(ctx: &CastContext, name: &str) -> Option<K::Rust> {
    ctx.param(name).and_then(K::read)
}

/// Declares the parameters of a spell.
///
/// Each is `name: Type = default`, then any of `range = 1.0..=12.0`, `unit = "blocks"`, `label = "…"` and
/// `choices = ["a", "b"]`, then a semicolon. The doc comment is the help that players read. Types: `bool`,
/// integers, `f64`, `String`, `Vec3`, `BlockPos`, `EntityId`, `Material`.
///
/// ```
/// use spellhost_sdk::prelude::*;
///
/// params! {
///     /// What a cast may choose.
///     pub struct Params {
///         /// How wide the blast is.
///         radius: f64 = 4.0, range = 1.0..=12.0, unit = "blocks";
///         /// What is left behind.
///         material: Material = Material::ASH;
///         shape: String = "sphere", choices = ["sphere", "box"];
///         bounces: u8 = 2;
///     }
/// }
///
/// struct Blast;
/// impl Spell for Blast {
///     fn describe() -> Info {
///         Info::new("Blast").params::<Params>()
///     }
///     fn cast(ctx: &Context) -> Result {
///         let params = Params::from(ctx);
///         terrain::fill_sphere(ctx.target_position, params.radius, params.material, FillMode::Paint);
///         Ok(())
///     }
/// }
///
/// assert_eq!(Blast::describe().params[0].help, "How wide the blast is.");
/// assert_eq!(Blast::describe().params[3].range, Some((0..=255).into()));
/// ```
#[macro_export]
macro_rules! params {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $help:literal])*
                $param:ident : $kind:tt = $default:expr $(, $option:ident = $value:expr)* ;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $help])* $vis $param: $kind, )*
        }

        #[allow(dead_code, reason = "a spell may read its parameters in some builds only")]
        impl $name {
            /// The values of this cast; a parameter that is missing has its default.
            $vis fn from(ctx: &$crate::Context) -> Self {
                <Self as $crate::params::ParamSet>::read(ctx)
            }
        }

        $( const _: () = {
            struct Check;
            impl $crate::params::Check for Check {
                type Kind = $kind;
            }
        }; )*

        impl $crate::params::ParamSet for $name {
            fn specs() -> ::std::vec::Vec<$crate::ParamSpec> {
                let _defaults = Self::default();
                ::std::vec![$(
                    $crate::params::spec::<$crate::__kind!($kind)>(::core::stringify!($param), _defaults.$param)
                        .help(::core::concat!($($help),*).trim())
                        $( .$option($value) )*
                ),*]
            }

            fn read(_ctx: &$crate::Context) -> Self {
                let mut _values = Self::default();
                $( if let Some(value) =
                    $crate::params::value::<$crate::__kind!($kind)>(_ctx, ::core::stringify!($param))
                {
                    _values.$param = value;
                } )*
                _values
            }
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                $name { $( $param: $crate::__default!($kind, $default), )* }
            }
        }
    };
}

/// The kind that stands for a parameter's type.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (EntityId) => {
        $crate::params::Entity
    };
    ($kind:tt) => {
        $kind
    };
}

/// The default of a parameter, in its own type.
#[doc(hidden)]
#[macro_export]
macro_rules! __default {
    (String, $default:expr) => {
        ::std::string::String::from($default)
    };
    ($kind:tt, $default:expr) => {{
        let default: $kind = $default;
        default
    }};
}
