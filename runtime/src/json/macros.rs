//! What implements [`Json`](super::Json) for generated types, and serde's traits by it.

/// Reads and writes a struct as an object: each field with the name of its property. A field of type `Option` may be
/// absent.
///
/// Other properties are ignored. `object!(closed Struct { … })` refuses them, `object!(Struct { …, ..field })` keeps them
/// in a field that is a `BTreeMap`, and `object!(Struct { …, ..field matching A, B })` those whose names one of the
/// patterns matches.
///
/// ```
/// #[derive(Debug, PartialEq)]
/// struct Line {
///     sku: String,
///     unit_price_cents: i64,
/// }
///
/// jetway::object!(Line {
///     sku: "sku",
///     unit_price_cents: "unitPriceCents",
/// });
///
/// let line: Line = serde_json::from_str(r#"{ "sku": "TEA", "unitPriceCents": 250.0 }"#)?;
/// assert_eq!(line, Line { sku: "TEA".to_owned(), unit_price_cents: 250 });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! object {
    ($type:ident { $($field:ident: $name:literal),* $(,)? }) => {
        impl $crate::json::Json for $type {
            fn read_properties(from: &mut $crate::json::Reader<'_>) -> ::core::result::Result<Self, $crate::json::Misfit> {
                ::core::result::Result::Ok(Self { $($field: from.property($name)?),* })
            }

            fn write_properties<M: $crate::json::SerializeMap>(&self, to: &mut $crate::json::Writer<M>) {
                $(to.property($name, &self.$field);)*
            }
        }

        $crate::serde_by_json!($type);
    };
    (closed $type:ident { $($field:ident: $name:literal),* $(,)? }) => {
        impl $crate::json::Json for $type {
            fn read_properties(from: &mut $crate::json::Reader<'_>) -> ::core::result::Result<Self, $crate::json::Misfit> {
                from.close(&[$($name),*])?;
                ::core::result::Result::Ok(Self { $($field: from.property($name)?),* })
            }

            fn write_properties<M: $crate::json::SerializeMap>(&self, to: &mut $crate::json::Writer<M>) {
                $(to.property($name, &self.$field);)*
            }
        }

        $crate::serde_by_json!($type);
    };
    ($type:ident { $($field:ident: $name:literal,)* ..$others:ident $(matching $($pattern:ident),+)? }) => {
        impl $crate::json::Json for $type {
            fn read_properties(from: &mut $crate::json::Reader<'_>) -> ::core::result::Result<Self, $crate::json::Misfit> {
                ::core::result::Result::Ok(Self {
                    $($field: from.property($name)?,)*
                    $others: from.others(&[$($name),*], &[$($(&$pattern),+)?])?,
                })
            }

            fn write_properties<M: $crate::json::SerializeMap>(&self, to: &mut $crate::json::Writer<M>) {
                $(to.property($name, &self.$field);)*
                to.others(&self.$others);
            }
        }

        $crate::serde_by_json!($type);
    };
}

/// Reads and writes an enum as one of some strings, and gives it `as_str`. With `..Unknown` any other string is kept
/// in the variant of that name.
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Reason {
///     OutOfStock,
/// }
///
/// jetway::text!(Reason {
///     OutOfStock: "out_of_stock",
/// });
///
/// assert_eq!(serde_json::to_string(&Reason::OutOfStock)?, r#""out_of_stock""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! text {
    ($type:ident { $($variant:ident: $value:literal),* $(,)? }) => {
        impl $type {
            /// The value as the schema spells it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $value,)*
                }
            }
        }

        impl $crate::json::Json for $type {
            fn read(value: &$crate::json::Value) -> ::core::result::Result<Self, $crate::json::Misfit> {
                match value.as_str() {
                    $(::core::option::Option::Some($value) => ::core::result::Result::Ok(Self::$variant),)*
                    _ => ::core::result::Result::Err($crate::json::Misfit::none_of(value, &[$($value),*])),
                }
            }

            fn write<S: $crate::json::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::validate::Validate for $type {
            fn check(&self, _at: &mut $crate::validate::Checker) {}
        }

        $crate::serde_by_json!($type);
    };
    ($type:ident { $($variant:ident: $value:literal,)* ..$unknown:ident }) => {
        impl $type {
            /// The value as the schema spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::$unknown(value) => value,
                }
            }
        }

        impl ::core::convert::From<::std::string::String> for $type {
            fn from(value: ::std::string::String) -> Self {
                match value.as_str() {
                    $($value => Self::$variant,)*
                    _ => Self::$unknown(value),
                }
            }
        }

        impl ::core::convert::From<$type> for ::std::string::String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }

        impl $crate::json::Json for $type {
            fn read(value: &$crate::json::Value) -> ::core::result::Result<Self, $crate::json::Misfit> {
                <::std::string::String as $crate::json::Json>::read(value).map(Self::from)
            }

            fn write<S: $crate::json::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::validate::Validate for $type {
            fn check(&self, _at: &mut $crate::validate::Checker) {}
        }

        $crate::serde_by_json!($type);
    };
}

/// Reads and writes an enum of structs, told apart by a property of the object.
///
/// ```
/// # struct Card { last4: String }
/// # jetway::object!(Card { last4: "last4" });
/// enum PaymentMethod {
///     Card(Card),
/// }
///
/// jetway::tagged!(PaymentMethod by "method" {
///     Card: "card",
/// });
///
/// let PaymentMethod::Card(card) = serde_json::from_str(r#"{ "method": "card", "last4": "4242" }"#)?;
/// assert_eq!(card.last4, "4242");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! tagged {
    ($type:ident by $tag:literal { $($variant:ident: $value:literal),* $(,)? }) => {
        impl $crate::json::Json for $type {
            fn read(value: &$crate::json::Value) -> ::core::result::Result<Self, $crate::json::Misfit> {
                let (mut from, tag) = $crate::json::Reader::tagged(value, $tag)?;
                match tag.as_str() {
                    $(::core::option::Option::Some($value) => $crate::json::Json::read_properties(&mut from).map(Self::$variant),)*
                    _ => ::core::result::Result::Err(from.unknown_tag(tag, &[$($value),*])),
                }
            }

            fn write<S: $crate::json::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => $crate::json::write_tagged(($tag, $value), value, serializer),)*
                }
            }
        }

        $crate::serde_by_json!($type);
    };
}

/// Reads and writes an enum of values that JSON tells apart, each variant with what JSON Schema calls its type.
///
/// ```
/// enum Size {
///     Named(String),
///     Metres(f64),
/// }
///
/// jetway::union!(Size {
///     Named: "string",
///     Metres: "number",
/// });
///
/// assert!(matches!(serde_json::from_str("2.5")?, Size::Metres(2.5)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! union {
    ($type:ident { $($variant:ident: $json:literal),* $(,)? }) => {
        impl $crate::json::Json for $type {
            fn read(value: &$crate::json::Value) -> ::core::result::Result<Self, $crate::json::Misfit> {
                match $crate::json::type_of(value, &[$($json),*]) {
                    $(::core::option::Option::Some($json) => $crate::json::Json::read(value).map(Self::$variant),)*
                    _ => ::core::result::Result::Err($crate::json::Misfit::no_type_of(value, &[$($json),*])),
                }
            }

            fn write<S: $crate::json::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => $crate::json::Json::write(value, serializer),)*
                }
            }
        }

        $crate::serde_by_json!($type);
    };
}

/// Reads and writes a struct of one unnamed field as what it holds.
///
/// ```
/// struct Tags(Vec<String>);
///
/// jetway::newtype!(Tags);
///
/// let Tags(tags) = serde_json::from_str(r#"["new"]"#)?;
/// assert_eq!(tags, ["new"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! newtype {
    ($type:ident) => {
        impl $crate::json::Json for $type {
            fn read(
                value: &$crate::json::Value,
            ) -> ::core::result::Result<Self, $crate::json::Misfit> {
                $crate::json::Json::read(value).map(Self)
            }

            fn write<S: $crate::json::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::json::Json::write(&self.0, serializer)
            }
        }

        $crate::serde_by_json!($type);
    };
}

/// serde's traits for a type that implements [`Json`](crate::json::Json).
#[doc(hidden)]
#[macro_export]
macro_rules! serde_by_json {
    ($type:ident) => {
        impl $crate::json::Serialize for $type {
            fn serialize<S: $crate::json::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::json::Json::write(self, serializer)
            }
        }

        impl<'de> $crate::json::Deserialize<'de> for $type {
            fn deserialize<D: $crate::json::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::json::deserialize(deserializer)
            }
        }
    };
}
