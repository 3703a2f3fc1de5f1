//! One file: whole or not at all, and on disk before a call returns.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use finch_core::{Binding, StoreError};

use crate::map::Map;

/// A store that is one map in one file, open in one process at a time.
#[derive(Debug)]
pub struct FileTokenStore {
    pub(crate) binding: Binding,
    path: PathBuf,
    map: Mutex<Map>,
    /// Locked until the store is dropped.
    _lock: File,
}

impl FileTokenStore {
    /// Opens the store in this file, or makes it.
    ///
    /// # Errors
    /// The file is no such store, is another application's, or is open already; and those of the file system.
    pub fn open(path: impl Into<PathBuf>, binding: Binding) -> io::Result<Self> {
        let path = path.into();
        let lock = File::create(path.with_extension("lock"))?;
        lock.try_lock()?;
        let (kept, map) = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<(Binding, Map)>(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (binding.clone(), Map::default())
            }
            Err(error) => return Err(error),
        };
        if kept.application != binding.application {
            return Err(io::Error::other("the store is another application's"));
        }
        Ok(Self { binding: kept, path, map: Mutex::new(map), _lock: lock })
    }

    pub(crate) fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a copy of the map, which takes the place of the map once it is on disk.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Map) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut map = self.map();
        let mut changed = map.clone();
        let answer = change(&mut changed)?;
        self.save(&changed).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full,
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
            _ => StoreError::Backend(Box::new(error)),
        })?;
        *map = changed;
        Ok(answer)
    }

    fn save(&self, map: &Map) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(&(&self.binding, map))?)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}
