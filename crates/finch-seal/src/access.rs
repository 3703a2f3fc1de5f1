//! Who may use a key file, or a store's files and folder.
//!
//! Two owners are trusted: the process's own user, and root, which can read and replace any file. A group
//! is trusted only where a container's volume gives it the file or folder.

use std::{fs::Metadata, io, os::unix::fs::MetadataExt as _, path::Path};

/// The user and the groups that a process acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The effective user id.
    pub user: u32,
    /// The effective group id and the supplementary ones.
    pub groups: Vec<u32>,
}

/// The owner, the group and the permission bits of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The permission bits, the set-group-id and the sticky bit included.
    pub mode: u32,
    /// The user id of the owner.
    pub owner: u32,
    /// The group id.
    pub group: u32,
}

/// Why a file or folder is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Its owner is neither root nor the process's own user.
    #[error("it belongs to user id {owner}, and this process runs as user id {user}")]
    OtherOwner {
        /// The owner.
        owner: u32,
        /// This process's own user.
        user: u32,
    },
    /// Other users may use it, by these permission bits.
    #[error("it is open to others (mode {0:04o})")]
    Exposed(u32),
}

impl From<&Metadata> for Rights {
    fn from(found: &Metadata) -> Self {
        Self { mode: found.mode() & 0o7777, owner: found.uid(), group: found.gid() }
    }
}

impl Rights {
    /// Whether none of these permissions is given.
    fn without(self, permissions: u32) -> Result<(), AccessError> {
        if self.mode & permissions == 0 { Ok(()) } else { Err(AccessError::Exposed(self.mode)) }
    }
}

impl Process {
    /// This process.
    ///
    /// # Errors
    /// The system does not list its groups.
    pub fn current() -> io::Result<Self> {
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups()?.iter().map(|group| group.as_raw()));
        Ok(Self { user: rustix::process::geteuid().as_raw(), groups })
    }

    /// Whether a file or folder belongs to root or to the process's own user.
    ///
    /// # Errors
    /// [`AccessError::OtherOwner`].
    pub fn check_owner(&self, rights: Rights) -> Result<(), AccessError> {
        match rights.owner == self.user || rights.owner == 0 {
            true => Ok(()),
            false => Err(AccessError::OtherOwner { owner: rights.owner, user: self.user }),
        }
    }

    /// Whether a key file is private: no one but its owner has a right to it. A group of the process may
    /// read it where the process could not take that right away with `chmod`, as in a secret volume: the
    /// file is root's, or has no write permission at all (0440).
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn check_key_file(&self, file: Rights) -> Result<(), AccessError> {
        self.check_owner(file)?;
        let is_given = file.owner != self.user || file.mode & 0o222 == 0;
        let may_share = is_given && self.groups.contains(&file.group);
        file.without(if may_share { 0o037 } else { 0o077 })
    }

    /// Whether no other user may add or replace files in a folder. A group may where its number is the
    /// owner's, as that of a user's own group, or where a container's volume gives it the folder: it is one
    /// of the process's, and the folder is root's or has the set-group-id bit.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn check_folder(&self, folder: Rights) -> Result<(), AccessError> {
        self.check_owner(folder)?;
        let may_share = folder.group == folder.owner || self.group_of_volume(folder).is_some();
        folder.without(if may_share { 0o002 } else { 0o022 })
    }

    /// Whether a store's file or journal is private. In a volume its group has the same rights to the
    /// files as to `folder`, in which it could replace them anyway.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn check_store_file(&self, file: Rights, folder: Rights) -> Result<(), AccessError> {
        self.check_owner(file)?;
        let may_share = self.group_of_volume(folder) == Some(file.group);
        file.without(if may_share { 0o007 } else { 0o077 })
    }

    /// The group that a container's volume gives a folder to. Kubernetes marks its folders with the bit
    /// (`fsGroup`), and lets the group read and write each file in them whenever it mounts the volume.
    fn group_of_volume(&self, folder: Rights) -> Option<u32> {
        let is_volume = folder.owner == 0 || folder.mode & 0o2000 != 0;
        let is_shared = folder.mode & 0o022 == 0o020 && self.groups.contains(&folder.group);
        (is_volume && is_shared).then_some(folder.group)
    }
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
