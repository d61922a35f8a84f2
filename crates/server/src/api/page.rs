//! Which part of a list is asked for, and what is told of it.

use catalog::Page;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiError, Code};
use crate::http::Call;

/// Items of a page when the request names no number.
pub(super) const PER_PAGE: u32 = 20;
/// Most items of a page.
pub(super) const PER_PAGE_MAX: u32 = 1000;

/// What an answer tells of its part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ResultInfo")]
pub(crate) struct PageInfo {
    page: u32,
    per_page: u32,
    count: usize,
    total_count: u64,
    total_pages: u64,
}

impl PageInfo {
    /// For `count` items on `page` of a list of `total`.
    pub(crate) fn new(page: Page, count: usize, total: u64) -> Self {
        if page == Page::ALL {
            return Self::whole(count);
        }
        Self {
            page: page.number,
            per_page: page.size,
            count,
            total_count: total,
            total_pages: total.div_ceil(u64::from(page.size.max(1))),
        }
    }

    /// For a list that is given whole.
    pub(crate) fn whole(count: usize) -> Self {
        Self {
            page: 1,
            per_page: count as u32,
            count,
            total_count: count as u64,
            total_pages: u64::from(count > 0),
        }
    }
}

/// The page that the query's `page` and `per_page` name.
pub(crate) fn page(call: &Call) -> Result<Page, ApiError> {
    Ok(Page {
        number: number(call, "page", 1, u32::MAX)?,
        size: number(call, "per_page", PER_PAGE, PER_PAGE_MAX)?,
    })
}

/// The page that the query names, or the whole where it names none, as clients of lists that the
/// v4 API does not page expect it.
pub(crate) fn page_or_whole(call: &Call) -> Result<Page, ApiError> {
    if call.query_value("page").is_none() && call.query_value("per_page").is_none() {
        return Ok(Page::ALL);
    }
    page(call)
}

/// The part of `items` that stands on `page`.
pub(crate) fn part<T>(items: Vec<T>, page: Page) -> (Vec<T>, PageInfo) {
    let total = items.len() as u64;
    let before = (page.number as usize - 1).saturating_mul(page.size as usize);
    let part: Vec<T> = items.into_iter().skip(before).take(page.size as usize).collect();
    let info = PageInfo::new(page, part.len(), total);
    (part, info)
}

/// The query's number of that name, from 1 to `max`.
pub(crate) fn number(call: &Call, name: &str, default: u32, max: u32) -> Result<u32, ApiError> {
    let Some(text) = call.query_value(name) else { return Ok(default) };
    text.parse().ok().filter(|number| (1..=max).contains(number)).ok_or_else(|| {
        let shown: String = text.chars().take(32).collect();
        let message = format!("the parameter `{name}` is `{shown}`: expected 1 to {max}");
        ApiError::new(Code::BadRequest, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages() {
        let page = |number| Page { number, size: 2 };
        let cut = |number| part(vec![1, 2, 3], page(number));
        assert_eq!(cut(1), (vec![1, 2], PageInfo::new(page(1), 2, 3)));
        assert_eq!(cut(2), (vec![3], PageInfo::new(page(2), 1, 3)));
        assert_eq!(cut(3).0, [] as [i32; 0]);
        assert_eq!(cut(1).1.total_pages, 2);
    }
}
