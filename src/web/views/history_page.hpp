#pragma once

#include <cstddef>
#include <string>

#include "samoyed/dispatcher/history_query.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// Number of results on one page.
inline constexpr std::size_t history_page_rows = 24;

/// The content of a page of results.
struct HistoryView {
  const dispatcher::HistoryPage& page;
  /// Whether the page shows everyone's results instead of the visitor's own.
  bool everyone = false;
  /// Whether the visitor may see everyone's results.
  bool operates = false;
  /// Whether visitors are identified by their addresses instead of a cookie.
  bool by_address = false;
  /// Whether the page begins with the newest result.
  bool newest = true;
  bool workers_visible = false;
  /// The model whose results the page shows. Empty: of all models.
  std::string model = {};
  /// Number of days that results are kept.
  int days = 0;
};

/// The page of results: a list with thumbnails, links to older and newer results and to exports,
/// and a button to delete all results. Of the workers it shows only which one a result came from,
/// and only if `workers_visible`.
std::string history_page(const HistoryView& view, const WorkersView& workers);

/// The page of a server that keeps no results. It says how to turn this on.
std::string nothing_kept_page(Tab tab, const WorkersView& workers);

}  // namespace samoyed::web
