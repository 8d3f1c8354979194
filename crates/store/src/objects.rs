//! Where the encrypted objects of a home lie: in its own folder, or in a bucket of an object store.
//!
//! Either way an object is sealed on this machine, staged in the home's folder `objects/tmp` until its
//! digest, and so its name, is known, made once and never overwritten, and durable before anything that
//! names it is recorded. Nothing here looks into an object, and nothing here knows a key.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::SystemTime,
};

use crate::{
    StoreError,
    bucket::{Bucket, RangeReader, Retention},
    home::{Config, ObjectStore},
    vault::{
        VaultError,
        object::{Listing, ObjectFolder, ObjectName, Put, Staged},
    },
};

/// The objects of one home.
pub(crate) struct Objects {
    folder: ObjectFolder,
    bucket: Option<Bucket>,
}

/// What an object store promises about what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// Where the objects lie.
    pub place: String,
    /// For how long, in words.
    pub text: String,
    /// Whether the bucket keeps objects at all.
    pub kept: bool,
}

impl Objects {
    /// Opens what the settings name.
    ///
    /// # Errors
    /// The disk; settings that are refused.
    pub fn open(home: &Path, config: &Config) -> Result<Objects, StoreError> {
        let folder = ObjectFolder::open(home)?;
        let bucket = config.objects.as_ref().map(|settings| Bucket::open(settings, config.training)).transpose()?;
        Ok(Objects { folder, bucket })
    }

    /// Takes an unused place of an object store for a new node.
    ///
    /// # Errors
    /// When it is taken, keeps nothing though the node is a real one, or overwrites.
    pub fn claim(settings: &ObjectStore, training: bool) -> Result<(), StoreError> {
        Ok(Bucket::open(settings, training)?.claim()?)
    }

    /// Begins an object whose name is not known yet, because its digest is not.
    ///
    /// # Errors
    /// The disk.
    pub fn stage(&self) -> Result<Staged<'_>, VaultError> {
        self.folder.stage()
    }

    /// Gives a staged object its name; durable when this returns.
    ///
    /// # Errors
    /// When the name holds other bytes; the disk or the object store.
    pub fn keep(&self, staged: &mut Staged<'_>, name: &ObjectName) -> Result<Put, VaultError> {
        match &self.bucket {
            None => staged.commit(name),
            Some(bucket) => bucket.put(name, &staged.reopened()?),
        }
    }

    /// Opens an object for reading.
    ///
    /// # Errors
    /// Law 5 when it is gone.
    pub fn get(&self, name: &ObjectName) -> Result<ObjectReader, VaultError> {
        Ok(match &self.bucket {
            None => ObjectReader(From::Folder(self.folder.get(name)?)),
            Some(bucket) => ObjectReader(From::Bucket(bucket.get(name)?)),
        })
    }

    /// Whether an object of this name is there.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        self.bucket.as_ref().map_or_else(|| self.folder.exists(name), |bucket| bucket.exists(name))
    }

    /// Objects in the folder that cannot be whole, told without a key. A bucket is not asked for each.
    ///
    /// # Errors
    /// The disk.
    pub fn torn(&self) -> Result<Vec<ObjectName>, VaultError> {
        if self.bucket.is_some() { Ok(vec![]) } else { self.folder.torn() }
    }

    /// Everything that lies there.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn list(&self) -> Result<Listing, VaultError> {
        self.bucket.as_ref().map_or_else(|| self.folder.list(), Bucket::list)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn remove(&self, name: &ObjectName) -> Result<bool, VaultError> {
        self.bucket.as_ref().map_or_else(|| self.folder.remove(name), |bucket| bucket.remove(name))
    }

    /// Removes what runs that ended left unfinished, here and in the bucket.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn sweep(&self, older_than: SystemTime) -> Result<usize, VaultError> {
        let far = self.bucket.as_ref().map_or(Ok(0), |bucket| bucket.sweep(older_than))?;
        Ok(self.folder.sweep(older_than)? + far)
    }

    /// What the bucket promises; `None` when there is none.
    ///
    /// # Errors
    /// The object store.
    pub fn keeping(&self) -> Result<Option<Keeping>, VaultError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let (text, kept) = match bucket.retention()? {
            Retention::Compliance(span) => (format!("keeps each for {span}; nobody can shorten it (Object Lock, compliance)"), true),
            Retention::Governance(span) => {
                (format!("keeps each for {span}; an account with a special right can still remove them (Object Lock, governance)"), true)
            }
            Retention::None => ("keeps nothing: no Object Lock with a default retention, so whoever has its key can remove objects".to_string(), false),
        };
        Ok(Some(Keeping { place: bucket.place(), text, kept }))
    }
}

/// An object that is read at any place.
pub struct ObjectReader(From);

enum From {
    Folder(File),
    Bucket(RangeReader),
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            From::Folder(file) => file.read(out),
            From::Bucket(object) => object.read(out),
        }
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            From::Folder(file) => file.seek(to),
            From::Bucket(object) => object.seek(to),
        }
    }
}
