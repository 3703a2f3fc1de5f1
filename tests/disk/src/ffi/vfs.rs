//! The default VFS of the process: opens, deletes and looks for files, and sleeps.

use std::{
    ffi::{CStr, OsStr, c_char, c_int},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    ptr,
    sync::{
        Once,
        atomic::{AtomicPtr, Ordering},
    },
};

use rusqlite::ffi::{
    SQLITE_CONFIG_MEMSTATUS, SQLITE_OK, SQLITE_OPEN_CREATE, sqlite3_config, sqlite3_file,
    sqlite3_filename, sqlite3_initialize, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

use super::file::{self, File, Handle};
use crate::{
    disk::{self, Disk},
    fault::{self, Op},
    tape::Name,
};

/// The VFS that does the work.
static REAL: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

fn real() -> *mut sqlite3_vfs {
    REAL.load(Ordering::Acquire)
}

/// Puts itself before the real VFS, as the default of the process, once.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // SAFETY: the real VFS lives as long as the process, and so does the leaked copy of it. Functions
    // that are not replaced here are the unix VFS's, which look at no field of the VFS they are given.
    ONCE.call_once(|| unsafe {
        // Before SQLite starts: its statistics of memory cost a twentieth of the time.
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        assert_eq!(sqlite3_initialize(), SQLITE_OK);
        let unix = sqlite3_vfs_find(ptr::null());
        REAL.store(unix, Ordering::Release);
        let mut vfs = *unix;
        let ours = c_int::try_from(size_of::<File>()).unwrap_or(c_int::MAX);
        vfs.szOsFile += ours;
        vfs.pNext = ptr::null_mut();
        vfs.zName = c"finch-test-disk".as_ptr();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        vfs.xAccess = Some(access);
        vfs.xSleep = Some(sleep);
        assert_eq!(sqlite3_vfs_register(Box::leak(Box::new(vfs)), 1), SQLITE_OK);
    });
}

/// The disk that this file lies on, and the file's name there.
///
/// # Safety
/// `name` is null or a string that ends with a zero.
unsafe fn place(name: *const c_char) -> Option<(std::sync::Arc<Disk>, Name)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: as the caller says.
    let path = unsafe { path(name) };
    Some((disk::of(path.parent()?)?, Name::of(path)))
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes for the file: ours, and the real one's behind. Its methods
    // stay null unless the file is opened, as SQLite wants it.
    unsafe {
        (*file).pMethods = ptr::null();
        let place = place(name);
        let mut existed = true;
        if let Some((disk, _)) = &place {
            if let Some(fault) = disk.gate(Op::Open, None) {
                return fault.code;
            }
            if flags & SQLITE_OPEN_CREATE != 0 {
                // Not `xAccess`, for which an empty file is none.
                existed = path(name).exists();
            }
        }
        if matches!(place, Some((_, Name::Part))) {
            // It was made right now, empty, in the place of what a failure may have left.
            existed = path(name).metadata().is_ok_and(|found| found.len() > 0);
        }
        let behind = file::real(file);
        (*behind).pMethods = ptr::null();
        let code = ((*real()).xOpen.unwrap_unchecked())(real(), name, behind, flags, out_flags);
        if code != SQLITE_OK {
            // The real VFS may want to close even then.
            if !(*behind).pMethods.is_null() {
                ((*(*behind).pMethods).xClose.unwrap_unchecked())(behind);
            }
            return code;
        }
        let handle = place.map(|(disk, name)| {
            let inode = disk.opened(name, existed, || file::content(behind));
            Handle { disk, inode, name, syncs_folder: !existed }
        });
        file::attach(file, handle);
        SQLITE_OK
    }
}

/// The path as SQLite names it.
///
/// # Safety
/// `name` is a string that ends with a zero, and outlives the path.
unsafe fn path<'a>(name: *const c_char) -> &'a Path {
    // SAFETY: as the caller says.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()))
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: the arguments go on as they came.
    unsafe {
        let place = place(name);
        if let Some(fault) = place.as_ref().and_then(|(disk, _)| disk.gate(Op::Delete, None)) {
            return fault.code;
        }
        let code = ((*real()).xDelete.unwrap_unchecked())(real(), name, sync);
        if let (SQLITE_OK, Some((disk, name))) = (code, place) {
            disk.deleted(name, sync & 1 != 0);
        }
        code
    }
}

unsafe extern "C" fn access(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: the arguments go on as they came.
    unsafe {
        if let Some((disk, _)) = place(name)
            && let Some(fault) = disk.gate(Op::Access, None)
        {
            return fault.code;
        }
        ((*real()).xAccess.unwrap_unchecked())(real(), name, flags, out)
    }
}

/// No connection waits for a lock that only seems to be taken.
unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    if fault::seemed_busy() {
        return microseconds;
    }
    // SAFETY: the arguments go on as they came.
    unsafe { ((*real()).xSleep.unwrap_unchecked())(real(), microseconds) }
}
