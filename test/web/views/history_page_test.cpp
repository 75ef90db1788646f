#include "web/views/history_page.hpp"

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryPage;
using dispatcher::HistoryRow;
using test::count_of;

HistoryRow row() {
  HistoryRow row;
  row.id = 7;
  row.time_ms = 1769860800123;
  row.client = "192.0.2.7";
  row.file_name = "dog.jpg";
  row.image_bytes = 1234567;
  row.width = 1546;
  row.height = 1213;
  row.worker = "kennel:8888";
  row.model = "squeezenet1_1";
  row.top = {{"Samoyed", 258, 0.93009}, {"Great Pyrenees", 257, 0.03}};
  row.times = {1.5, 2.5, 3.5, 4.5, 5.5, 34.26};
  row.has_thumbnail = true;
  return row;
}

std::string page_of(const HistoryView& view) { return history_page(view, {}); }

TEST_CASE("a result is shown with everything known about it") {
  const HistoryPage one{{row()}, {}, {}};
  const std::string page = page_of({.page = one, .workers_visible = true, .days = 30});
  for (const std::string_view part : {"Samoyed</span>",
                                      "93.009%",
                                      "Great Pyrenees",
                                      "3.000%",
                                      "dog.jpg",
                                      "1.2 MB",
                                      "1234567 bytes",
                                      "1546 × 1213 pixels",
                                      "datetime=\"2026-01-31T12:00:00.123Z\"",
                                      "2026-01-31 12:00:00 UTC",
                                      "src=\"/results/7/thumbnail.jpg\"",
                                      "kennel:8888",
                                      "squeezenet1_1",
                                      "1.5 ms",
                                      "2.5 ms",
                                      "3.5 ms",
                                      "4.5 ms",
                                      "5.5 ms",
                                      "34.3 ms",
                                      "Web form",
                                      "for 30 days."}) {
    INFO(part);
    CHECK(count_of(page, part) >= 1);
  }
  CHECK(count_of(page, "untrained") == 0);
  CHECK(count_of(page, "192.0.2.7") == 0);
}

TEST_CASE("unknown facts, and facts that the visitor may not see, are left out") {
  HistoryRow bare;
  bare.id = 1;
  bare.worker = "kennel:8888";
  bare.trained = false;
  const HistoryPage one{{bare}, {}, {}};
  const std::string page = page_of({.page = one, .days = 1});
  for (const std::string_view part : {"kennel", "<img class=\"thumbnail\"", "pixels", "Network<"}) {
    INFO(part);
    CHECK(count_of(page, part) == 0);
  }
  CHECK(count_of(page, "No thumbnail") == 1);
  CHECK(count_of(page, "Unnamed picture") == 2);
  CHECK(count_of(page, "untrained</strong>") == 1);
  CHECK(count_of(page, "for 1 day.") == 1);
}

TEST_CASE("links lead to older and newer results, exports and deletion") {
  const HistoryPage middle{{row()}, 7, 9};
  const std::string own = page_of({.page = middle, .newest = false});
  for (const std::string_view part :
       {"href=\"/results\">Newest", "href=\"/results?after=9\">Newer",
        "href=\"/results?before=7\">Older", "href=\"/api/v1/results.csv\"",
        "href=\"/api/v1/results.json\"", "method=\"post\" action=\"/results/delete\""}) {
    INFO(part);
    CHECK(count_of(own, part) == 1);
  }
  CHECK(count_of(own, "all=true") == 0);

  const std::string all =
      page_of({.page = middle, .everyone = true, .operates = true, .newest = false});
  for (const std::string_view part :
       {"href=\"/results?all=true\">Newest", "href=\"/results?all=true&amp;after=9\">Newer",
        "href=\"/results?all=true&amp;before=7\">Older", "href=\"/api/v1/results.csv?all=true\"",
        "href=\"/api/v1/results.json?all=true\"", "192.0.2.7"}) {
    INFO(part);
    CHECK(count_of(all, part) == 1);
  }
  CHECK(count_of(all, "/results/delete") == 0);
}

TEST_CASE("a single page has no links to others") {
  const HistoryPage one{{row()}, {}, {}};
  CHECK(count_of(page_of({.page = one}), "class=\"pager\"") == 0);
}

TEST_CASE("a page without results says what to do") {
  const HistoryPage none;
  const std::string first = page_of({.page = none});
  CHECK(count_of(first, "Nothing here yet.") == 1);
  CHECK(count_of(first, "Recognize a picture</a>") == 1);
  CHECK(count_of(first, "results.csv") == 0);
  const std::string later = page_of({.page = none, .newest = false});
  CHECK(count_of(later, "There are no more results on this page.") == 1);
  CHECK(count_of(later, ">Newest<") == 1);
}

TEST_CASE("the page says if results are found by address") {
  const HistoryPage none;
  CHECK(count_of(page_of({.page = none, .by_address = true}), "from your address") == 1);
}

TEST_CASE("the page names each result's network, and filters by it") {
  const HistoryPage one{{row()}, 7, {}};
  WorkersView workers{{}, WorkersView::Shown::nothing};
  CHECK(count_of(history_page({.page = one}, workers), "All networks") == 0);
  CHECK(count_of(history_page({.page = one}, workers),
                 "<bdi class=\"entry-network\">" + row().model + "</bdi>") == 1);
  workers.models = {{{"a b", true, 0}, 1, true}, {{"c", true, 0}, 1, false}};
  const std::string all = history_page({.page = one}, workers);
  CHECK(count_of(all, "href=\"/results\" aria-current=\"page\"><bdi>All networks") == 1);
  CHECK(count_of(all, "href=\"/results?model=a%20b\"><bdi>a b</bdi></a>") == 1);
  const std::string filtered =
      history_page({.page = one, .everyone = true, .operates = true, .model = "old"}, workers);
  CHECK(count_of(filtered, "href=\"/results?all=true\"><bdi>All networks") == 1);
  CHECK(count_of(filtered,
                 "href=\"/results?all=true&amp;model=old\" aria-current=\"page\"><bdi>old") == 1);
  CHECK(count_of(filtered, "href=\"/results?model=old\"><bdi>Mine") == 1);
  CHECK(count_of(filtered, "results.csv?all=true&amp;model=old") == 1);
  CHECK(count_of(filtered, "/results?all=true&amp;model=old&amp;before=7") == 1);
}

TEST_CASE("no text of a result becomes markup, and its page obeys the Content-Security-Policy") {
  const std::string evil = "\"><script>alert('1')</script>&";
  HistoryRow bad = row();
  bad.file_name = bad.worker = bad.model = bad.client = evil;
  bad.top = {{evil, {}, 0.5}};
  const HistoryPage one{{bad}, {}, {}};
  const std::string page =
      page_of({.page = one, .everyone = true, .operates = true, .workers_visible = true});
  CHECK(count_of(page, "<script>") == 0);
  CHECK(count_of(page, "alert('") == 0);
  CHECK(count_of(page, "&quot;&gt;&lt;script&gt;") >= 6);
  for (const std::string_view part : {" style=", " onclick", "<style", "javascript:", "{{"}) {
    INFO(part);
    CHECK(count_of(page, part) == 0);
  }
  CHECK(count_of(page, "<script") == count_of(page, "<script src=\"/assets/"));
}

TEST_CASE("an unlikely label is no headline in the list either") {
  const HistoryPage one{{row()}, {}, {}};
  WorkersView workers;
  workers.unsure_below = 0.94;
  const std::string page = history_page({.page = one}, workers);
  CHECK(count_of(page, "<span class=\"unsure\">Not sure. Perhaps: Samoyed (93.0 %)</span>") == 1);
  CHECK(count_of(page, "entry-label") == 0);
}

TEST_CASE("the menu marks the part of the site that is open") {
  const HistoryPage none;
  const std::string page = page_of({.page = none});
  CHECK(count_of(page, "href=\"/results\" aria-current=\"page\"") == 1);
  CHECK(count_of(page, "aria-current") == 1);
  const std::string off = nothing_kept_page(Tab::statistics, {});
  CHECK(count_of(off, "href=\"/stats\" aria-current=\"page\"") == 1);
  CHECK(count_of(form_page({}), "href=\"/\" aria-current=\"page\"") == 1);
}

}  // namespace
}  // namespace samoyed::web
