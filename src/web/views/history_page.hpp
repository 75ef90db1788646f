#pragma once

#include <cstddef>
#include <string>

#include "samoyed/dispatcher/history_query.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// Results of one page.
inline constexpr std::size_t history_page_rows = 24;

/// What the page with a part of the results is made of.
struct HistoryView {
  const dispatcher::HistoryPage& page;
  /// Everyone's, not the visitor's own.
  bool everyone = false;
  /// The requester may see everyone's.
  bool operates = false;
  /// Visitors are distinguished by their addresses, not by a cookie.
  bool by_address = false;
  /// The page that begins with the newest.
  bool newest = true;
  bool workers_visible = false;
  /// How long results are kept.
  int days = 0;
};

/// A list of results with their thumbnails, the ways to older and newer ones, to exports and to the
/// end of them all. Shows of the workers only which one a result came from.
std::string history_page(const HistoryView& view, const WorkersView& workers);

/// For a server that keeps no results: says how that is turned on.
std::string nothing_kept_page(Tab tab, const WorkersView& workers);

}  // namespace samoyed::web
