//! Known answers for a second epoch, for another key-encryption key, and for records.

use super::*;

const CHECK_2: &str = "010100000002c0c1c2c3c4c5c6c7c8c9cacb0debd90f4ede722aed86bbbc0db9d7feae9306c\
    5c34bed6b6d5cfae35389f955cf3d3b203657f34f04516aa15db6d2ce";
const DATA_KEY_2: &str = "0101c0c1c2c3c4c5c6c7c8c9cacbcd4e089bfdff218e9589cc2254e5d0f59a09841768f18\
    a2954d4733bea27b2ec39b9e01ea894cb88da219c9df17153d6";
const TOKEN_BLOB_2: &str = "010100000002c0c1c2c3c4c5c6c7c8c9cacb9548f5fa617cb08601da81db79e64d399bb\
    6e21272d3123b0d";

const OTHER_KEK_ID: &str = "b0aa510f15646421";
const OTHER_DATA_KEY: &str = "0101c0c1c2c3c4c5c6c7c8c9cacbdf97bcec203eb8ef0a36c05d7d80468adda22874d\
    8a54e5e6ba593abeb13fba67bff5d0ef5b0982f0fc20f9d3d5e6c03";
const OTHER_DATA_KEY_2: &str = "0101c0c1c2c3c4c5c6c7c8c9cacb9fd7fcac607ef8af4a76801d3dc006ca9de2683\
    498e50e1e2be5d3ebab53bbe66a7078f1fc704d47b0f372cefde6e5bb";
const OTHER_INDEX_KEY: &str = "0101c0c1c2c3c4c5c6c7c8c9cacbbff7dc8c405ed88f6a56a03d1de026eabdc24814\
    b8c52e3e0bc5f3cb8b739bc63b95ea82616946f9e0dd5e1e5e51398a";

const RECORDS: [(&str, &[&[u8]], &str); 5] = [
    ("event", &[], "e8e900a69d9c724cbba4963ad2dad0e062960acd72ebb3f66e7e657b89ee2199"),
    ("event", &[b""], "9e2c559f933bafde9df0ac874c152ac7935a03d4376f740793c89083e137f774"),
    ("event", &[b"a", b"bc"], "cd65a08dd8f3c43f726ba91c7134affe339d083f44155084227fe3a68475872a"),
    ("event", &[b"ab", b"c"], "de725c5cb77d3890fec8272852f12af4b05c653c4545c1671cc1ecb146875676"),
    ("record", &[b"a", b"bc"], "1450a234e7129a1e5f1077b18b2275f97c2104b13f799c6f9b0639c6c8923f0f"),
];

fn other_kek() -> Kek {
    Kek::from_bytes(key(128))
}

fn rows() -> WrappedKeys {
    let row = |epoch, data_key, check| WrappedEpoch {
        epoch,
        data_key: unhex(data_key),
        check: unhex(check),
    };
    WrappedKeys {
        store: STORE,
        kek: KeyId::new(KEK_ID),
        index_key: unhex(INDEX_KEY),
        epochs: vec![row(1, DATA_KEY, CHECK), row(2, DATA_KEY_2, CHECK_2)],
    }
}

/// The same keys as in [`rows`], as another implementation wrapped them with the other KEK.
fn rows_of_the_other() -> WrappedKeys {
    let mut rows = rows();
    rows.kek = KeyId::new(OTHER_KEK_ID);
    rows.index_key = unhex(OTHER_INDEX_KEY);
    rows.epochs[0].data_key = unhex(OTHER_DATA_KEY);
    rows.epochs[1].data_key = unhex(OTHER_DATA_KEY_2);
    rows
}

fn assert_whole(ring: &KeyRing) {
    assert_eq!(ring.epoch(), 2);
    for blob in [TOKEN_BLOB, TOKEN_BLOB_2] {
        assert_eq!(expose(&ring.unseal(&TOKEN, &unhex(blob)).unwrap()), "the-token");
    }
    assert_eq!(hex(&ring.seal_bytes(&TOKEN, b"the-token", NONCE).unwrap()), TOKEN_BLOB_2);
    assert_eq!(hex(&ring.fingerprint(Domain::Token, "the-token")), FINGERPRINTS[0].1);
}

#[test]
fn rows_of_two_epochs_open_and_the_second_seals() {
    assert_whole(&KeyRing::open(&kek(), &rows()).unwrap());
}

#[test]
fn a_second_epoch_is_wrapped_to_these_bytes() {
    let data = kek().wrap_with_nonce(&key(96), &data_key_context(&STORE, 2), NONCE).unwrap();
    assert_eq!(hex(&data), DATA_KEY_2);
}

#[test]
fn keys_of_another_kek_are_wrapped_to_these_bytes() {
    let wrap = |first, context: &[u8]| {
        hex(&other_kek().wrap_with_nonce(&key(first), context, NONCE).unwrap())
    };
    assert_eq!(other_kek().id(), KeyId::new(OTHER_KEK_ID));
    assert_eq!(wrap(32, &data_key_context(&STORE, 1)), OTHER_DATA_KEY);
    assert_eq!(wrap(96, &data_key_context(&STORE, 2)), OTHER_DATA_KEY_2);
    assert_eq!(wrap(64, &index_key_context(&STORE)), OTHER_INDEX_KEY);
}

#[test]
fn wrapped_anew_the_rows_hold_the_same_keys() {
    assert_whole(&KeyRing::open(&other_kek(), &rows_of_the_other()).unwrap());
    let ours = rows().rewrap(&kek(), &other_kek()).unwrap();
    assert_whole(&KeyRing::open(&other_kek(), &ours).unwrap());
    let back = rows_of_the_other().rewrap(&other_kek(), &kek()).unwrap();
    assert_whole(&KeyRing::open(&kek(), &back).unwrap());
}

#[test]
fn records_are_authenticated_by_these() {
    for (label, fields, expected) in RECORDS {
        assert_eq!(hex(&ring().authenticate(label, fields)), expected, "{label} {fields:?}");
    }
}
