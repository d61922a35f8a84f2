//! All datasets that an installation knows: the built-in ones and its own.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Dataset, DatasetError, Mistake, NoSuchDataset, builtin, user_defined};
use crate::limits::DATASET_NAME_BYTES_MAX;
use crate::spelling::nearest;

/// The datasets by name. Cheap to clone: the datasets are shared.
#[derive(Debug, Clone)]
pub struct Datasets {
    by_name: BTreeMap<String, Arc<Dataset>>,
}

impl Datasets {
    /// The built-in datasets.
    pub fn builtin() -> Self {
        static BUILTIN: LazyLock<Datasets> = LazyLock::new(|| Datasets {
            by_name: builtin::datasets()
                .map(|dataset| (dataset.name.clone(), Arc::new(dataset)))
                .collect(),
        });
        BUILTIN.clone()
    }

    /// These datasets and those of `files`, each a file's name and its TOML text.
    ///
    /// # Errors
    /// The first mistake of the first file that has one; none of the files is taken then.
    pub fn with_user_defined(
        mut self,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, DatasetError> {
        let mut defined_in: BTreeMap<String, String> = BTreeMap::new();
        for (file, text) in files {
            let dataset = match user_defined::parse(&text) {
                Ok(dataset) => dataset,
                Err(mistake) => return Err(DatasetError { file, mistake }),
            };
            let name = dataset.name.clone();
            if let Some(other) = defined_in.get(&name) {
                let other = other.clone();
                return Err(DatasetError { file, mistake: Mistake::Twice { name, other } });
            }
            if self.by_name.contains_key(&name) {
                return Err(DatasetError { file, mistake: Mistake::BuiltIn(name) });
            }
            self.by_name.insert(name.clone(), Arc::new(dataset));
            defined_in.insert(name, file);
        }
        Ok(self)
    }

    /// The dataset of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Dataset>> {
        self.by_name.get(name)
    }

    /// All datasets, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Dataset>> {
        self.by_name.values()
    }

    /// The dataset of that name, or the one that was probably meant.
    pub fn named(&self, name: &str) -> Result<&Arc<Dataset>, NoSuchDataset> {
        self.get(name).ok_or_else(|| NoSuchDataset {
            name: name.chars().take(DATASET_NAME_BYTES_MAX).collect(),
            nearest: nearest(name, self.by_name.keys().map(String::as_str)).map(str::to_owned),
        })
    }
}
