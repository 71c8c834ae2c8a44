//! One enum, two encodings: a tagged object in JSON (`{"kind": …}`, `{"type": …}`), the variant's
//! number in postcard, which cannot read a tag that stands among the fields.

/// Declares an enum whose JSON form is an object tagged by `$tag` and whose binary form is serde's own.
macro_rules! tagged {
    (tag = $tag:literal; $(#[$meta:meta])* pub enum $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $($body)* }

        const _: () = {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize, Deserialize)]
            #[serde(remote = "Super", tag = $tag, rename_all = "snake_case")]
            enum Json { $($body)* }

            #[derive(Serialize, Deserialize)]
            #[serde(remote = "Super")]
            enum Binary { $($body)* }

            type Super = $name;

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                    if out.is_human_readable() { Json::serialize(self, out) } else { Binary::serialize(self, out) }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    if from.is_human_readable() { Json::deserialize(from) } else { Binary::deserialize(from) }
                }
            }
        };
    };
}

pub(crate) use tagged;
