//! An open file: ours, with the real one behind it in the same memory.
//!
//! Every function is one of `sqlite3_io_methods`; its contract is SQLite's: `file` was opened by
//! [`super::vfs`], pointers are valid for as many bytes as the call says, and one call on a file runs
//! at a time.

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
    sync::Arc,
};

use rusqlite::ffi::{
    SQLITE_FCNTL_SIZE_HINT, SQLITE_OK, SQLITE_SHM_LOCK, sqlite3_file, sqlite3_int64,
    sqlite3_io_methods,
};

use crate::{
    disk::Disk,
    fault::{Injected, Op},
    tape::{Inode, Name},
};

/// What SQLite sees of a file.
#[repr(C)]
pub(super) struct File {
    base: sqlite3_file,
    handle: *mut Handle,
}

/// What we know of it; nothing of files outside of every disk.
pub(super) struct Handle {
    pub(super) disk: Arc<Disk>,
    pub(super) inode: Inode,
    pub(super) name: Name,
    /// Made by this handle: its first sync syncs the folder too, as the real VFS does.
    pub(super) syncs_folder: bool,
}

/// The real file behind ours.
///
/// # Safety
/// `file` has `szOsFile` bytes.
pub(super) unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the real file begins where ours ends.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Makes an opened file one of ours.
///
/// # Safety
/// As [`real`], and the real file is open.
pub(super) unsafe fn attach(file: *mut sqlite3_file, handle: Option<Handle>) {
    // SAFETY: ours is at the front of the memory.
    unsafe {
        let handle = handle.map_or(ptr::null_mut(), |handle| Box::into_raw(Box::new(handle)));
        (*file.cast::<File>()).handle = handle;
        (*file).pMethods = &raw const METHODS;
    }
}

/// What stands in a file that was there before.
///
/// # Safety
/// `behind` is a real file that is open.
pub(super) unsafe fn content(behind: *mut sqlite3_file) -> Vec<u8> {
    // SAFETY: the buffer has the length that is read.
    unsafe {
        let mut size = 0;
        method!(behind, xFileSize, &raw mut size);
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        if !bytes.is_empty() {
            let length = c_int::try_from(size).unwrap_or(c_int::MAX);
            method!(behind, xRead, bytes.as_mut_ptr().cast(), length, 0);
        }
        bytes
    }
}

macro_rules! method {
    ($file:expr, $name:ident $(, $argument:expr)*) => {
        ((*(*$file).pMethods).$name.unwrap_unchecked())($file $(, $argument)*)
    };
}
use method;

/// # Safety
/// `file` is one of ours.
unsafe fn handle<'a>(file: *mut sqlite3_file) -> Option<&'a mut Handle> {
    // SAFETY: null, or the box that `attach` leaked.
    unsafe { (*file.cast::<File>()).handle.as_mut() }
}

/// # Safety
/// `file` is one of ours.
unsafe fn gate(file: *mut sqlite3_file, op: Op) -> Option<Injected> {
    // SAFETY: as above.
    unsafe { handle(file) }.and_then(|handle| handle.disk.gate(op, Some(handle.name)))
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe {
        let ours = file.cast::<File>();
        if !(*ours).handle.is_null() {
            drop(Box::from_raw((*ours).handle));
            (*ours).handle = ptr::null_mut();
        }
        method!(real(file), xClose)
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    unsafe {
        let Some(fault) = gate(file, Op::Read) else {
            return method!(real(file), xRead, to, length, at);
        };
        if fault.half {
            // The first half, and zeros, as SQLite wants a short read.
            let half = length / 2;
            ptr::write_bytes(to.cast::<u8>(), 0, usize::try_from(length).unwrap_or(0));
            method!(real(file), xRead, to, half, at);
        }
        fault.code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    unsafe {
        let fault = gate(file, Op::Write);
        let length = match &fault {
            None => length,
            Some(fault) if fault.half => length / 2,
            Some(fault) => return fault.code,
        };
        let code = method!(real(file), xWrite, from, length, at);
        if code == SQLITE_OK
            && let Some(handle) = handle(file)
        {
            let length = usize::try_from(length).unwrap_or(0);
            let bytes = slice::from_raw_parts(from.cast::<u8>(), length);
            handle.disk.wrote(handle.inode, at.unsigned_abs(), bytes);
        }
        fault.map_or(code, |fault| fault.code)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    unsafe {
        if let Some(fault) = gate(file, Op::Truncate) {
            return fault.code;
        }
        let code = method!(real(file), xTruncate, size);
        if code == SQLITE_OK
            && let Some(handle) = handle(file)
        {
            handle.disk.truncated(handle.inode, size.unsigned_abs());
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        if let Some(fault) = gate(file, Op::Sync) {
            if let Some(handle) = handle(file) {
                handle.disk.sync_failed(handle.inode);
            }
            return fault.code;
        }
        let code = method!(real(file), xSync, flags);
        if code == SQLITE_OK
            && let Some(handle) = handle(file)
        {
            handle.disk.synced(handle.inode, handle.name, handle.syncs_folder);
            handle.syncs_folder = false;
        }
        code
    }
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, op: c_int, to: *mut c_void) -> c_int {
    unsafe {
        let grows = op == SQLITE_FCNTL_SIZE_HINT;
        let op_kind = if grows { Op::SizeHint } else { Op::FileControl };
        if let Some(fault) = gate(file, op_kind) {
            return fault.code;
        }
        let code = method!(real(file), xFileControl, op, to);
        if let (true, SQLITE_OK, Some(handle)) = (grows, code, handle(file)) {
            let mut size = 0;
            if method!(real(file), xFileSize, &raw mut size) == SQLITE_OK {
                handle.disk.grown(handle.inode, size.unsigned_abs());
            }
        }
        code
    }
}

unsafe extern "C" fn shm_lock(
    file: *mut sqlite3_file,
    offset: c_int,
    n: c_int,
    flags: c_int,
) -> c_int {
    unsafe {
        if flags & SQLITE_SHM_LOCK != 0
            && let Some(fault) = gate(file, Op::ShmLock)
        {
            return fault.code;
        }
        method!(real(file), xShmLock, offset, n, flags)
    }
}

/// The functions of the operating system, or their failures as the trial asks for.
macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $code:ty)? = $real:ident $(, $op:ident)?;)*) => {
        $(unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) $(-> $code)? {
            unsafe {
                $(if let Some(fault) = gate(file, Op::$op) {
                    return fault.code;
                })?
                method!(real(file), $real $(, $argument)*)
            }
        })*
    };
}

// A lock that stays would be of the test's making: unlocking never fails.
passed_on! {
    fn file_size(size: *mut sqlite3_int64) -> c_int = xFileSize, FileSize;
    fn lock(level: c_int) -> c_int = xLock, Lock;
    fn unlock(level: c_int) -> c_int = xUnlock;
    fn check_reserved_lock(out: *mut c_int) -> c_int = xCheckReservedLock, CheckReservedLock;
    fn sector_size() -> c_int = xSectorSize;
    fn device_characteristics() -> c_int = xDeviceCharacteristics;
    fn shm_map(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int = xShmMap, ShmMap;
    fn shm_barrier() = xShmBarrier;
    fn shm_unmap(delete: c_int) -> c_int = xShmUnmap;
    fn fetch(at: sqlite3_int64, length: c_int, out: *mut *mut c_void) -> c_int = xFetch, Fetch;
    fn unfetch(at: sqlite3_int64, page: *mut c_void) -> c_int = xUnfetch;
}
