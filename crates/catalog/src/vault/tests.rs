//! What the vault keeps shut, and which keys it takes.

use std::fs;

use super::*;

const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
const HEX: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const SECRET: &[u8] = b"s3://bucket/path?region=eu-west-1&secret-access-key=hunter2";

#[test]
fn what_is_sealed_opens_in_its_place_only() {
    let vault = Vault::new(KEY);
    for plain in [SECRET, b""] {
        let sealed = vault.seal(plain, "job 1");
        assert_eq!(vault.open(&sealed, "job 1").unwrap(), plain);
        assert_eq!(vault.open(&sealed, "job 2"), Err(Unopened::Altered));
    }
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let vault = Vault::new(KEY);
    assert_ne!(vault.seal(SECRET, "job 1"), vault.seal(SECRET, "job 1"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let vault = Vault::new(KEY);
    let sealed = vault.seal(SECRET, "job 1");
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => Unopened::Version(altered[0]),
            1..5 => Unopened::WrongKey,
            _ => Unopened::Altered,
        };
        assert_eq!(vault.open(&altered, "job 1"), Err(expected), "bit {bit}");
    }
}

#[test]
fn every_cut_is_noticed() {
    let vault = Vault::new(KEY);
    let sealed = vault.seal(SECRET, "job 1");
    for length in 0..sealed.len() {
        assert_eq!(vault.open(&sealed[..length], "job 1"), Err(Unopened::Altered));
    }
}

#[test]
fn another_key_is_told_from_an_altered_secret() {
    let sealed = Vault::new(KEY).seal(SECRET, "job 1");
    let other = Vault::new([8; KEY_BYTES]);
    assert_eq!(other.open(&sealed, "job 1"), Err(Unopened::WrongKey));
}

#[test]
fn a_key_is_read_from_base64_and_from_hex() {
    let sealed = Vault::new(KEY).seal(SECRET, "job 1");
    for text in [HEX.to_owned(), format!("  {}\n", HEX.to_uppercase()), BASE64.encode(KEY)] {
        let vault = Vault::from_text(&text).unwrap();
        assert_eq!(vault.open(&sealed, "job 1").unwrap(), SECRET, "{text}");
    }
}

#[test]
fn a_text_that_is_no_key_is_refused_without_repeating_it() {
    let short = BASE64.encode([7; 31]);
    let long = BASE64.encode([7; 33]);
    let wrong_digit = HEX.replacen("07", "0g", 1);
    for text in ["", "hunter2", &HEX[..62], &short, &long, &wrong_digit, "é7".repeat(21).as_str()]
    {
        let error = Vault::from_text(text).unwrap_err();
        assert!(matches!(error, CatalogError::Key(_)), "{text}: {error}");
        assert!(text.is_empty() || !error.to_string().contains(text), "{error}");
    }
}

#[test]
fn nothing_of_the_key_is_printed() {
    assert_eq!(format!("{:?}", Vault::new(KEY)), "Vault { .. }");
}

#[test]
fn a_key_file_is_made_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.key");
    let sealed = Vault::open_or_create(&path).unwrap().seal(SECRET, "job 1");
    let text = fs::read_to_string(&path).unwrap();

    let again = Vault::open_or_create(&path).unwrap();
    assert_eq!(again.open(&sealed, "job 1").unwrap(), SECRET);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn two_key_files_are_different() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name| {
        let path = folder.path().join(name);
        Vault::open_or_create(&path).unwrap();
        fs::read(&path).unwrap()
    };
    assert_ne!(make("one"), make("other"));
}

#[test]
fn an_unfinished_key_file_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.key");
    fs::write(folder.path().join("catalog.key.new"), "half a k").unwrap();
    Vault::open_or_create(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_key_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.key");
    Vault::open_or_create(&path).unwrap();
    for damage in ["", &HEX[..40], &"0".repeat(5000)] {
        fs::write(&path, damage).unwrap();
        let error = Vault::open_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("catalog.key") && error.contains("backup"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damage);
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_use_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.key");
    Vault::open_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Vault::open_or_create(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("{mode:04o}")) && error.contains("chmod 600"), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    Vault::open_or_create(&path).unwrap();
}

#[test]
fn older_keys_open_and_the_newest_seals() {
    let old = Vault::new(KEY);
    let sealed = old.seal(SECRET, "job 1");
    let newest = "0808080808080808080808080808080808080808080808080808080808080808";
    let both = Vault::from_text(&format!("{newest}\n{HEX}\n")).unwrap();
    assert_eq!(both.open(&sealed, "job 1").unwrap(), SECRET);
    let anew = both.seal(SECRET, "job 1");
    assert!(anew.starts_with(&both.header()) && !sealed.starts_with(&both.header()));
    assert_eq!(old.open(&anew, "job 1"), Err(Unopened::WrongKey));
    assert_eq!(Vault::from_text(newest).unwrap().open(&anew, "job 1").unwrap(), SECRET);
    let error = Vault::from_text(&format!("{newest} short")).unwrap_err().to_string();
    assert!(error.contains("key 2") && error.contains("5 characters"), "{error}");
}

#[test]
fn a_key_is_added_before_those_in_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    assert!(Vault::add_key(&path).is_err(), "there is no file to add it to");
    let old = Vault::open_or_create(&path).unwrap();
    let sealed = old.seal(SECRET, "job 1");
    let before = fs::read_to_string(&path).unwrap();
    Vault::add_key(&path).unwrap();
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!((after.lines().count(), after.ends_with(&before)), (2, true));
    let both = Vault::open_or_create(&path).unwrap();
    assert_eq!(both.open(&sealed, "job 1").unwrap(), SECRET);
    assert_eq!(old.open(&both.seal(SECRET, "job 1"), "job 1"), Err(Unopened::WrongKey));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    fs::write(&path, "no key").unwrap();
    assert!(Vault::add_key(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "no key");
}
