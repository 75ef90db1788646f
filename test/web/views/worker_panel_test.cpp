#include "web/views/worker_panel.hpp"

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"

namespace samoyed::web {
namespace {

using dispatcher::WorkerModel;
using dispatcher::WorkerRow;
using dispatcher::WorkerState;
using test::count_of;
using Shown = WorkersView::Shown;

WorkerRow worker_row(std::string host) {
  return {.worker = {1, {std::move(host), 8888}}, .model = {}, .heard = true};
}

/// The panel without the row that the script copies.
std::string panel(WorkerRows rows, Shown shown = Shown::open) {
  const std::string text = worker_panel({std::move(rows), shown}).text();
  const auto from = text.find("<template>");
  REQUIRE(from != text.npos);
  return text.substr(0, from) + text.substr(text.find("</template>"));
}

TEST_CASE("the table of workers has a row and a button for each") {
  const std::string text = panel({worker_row("localhost"), worker_row("::1")});
  CHECK(count_of(text, "<tr role=\"row\" class=\"worker ready\">") == 2);
  CHECK(count_of(text, "action=\"/del/localhost:8888\"") == 1);
  CHECK(count_of(text, "action=\"/del/[::1]:8888\"") == 1);
  CHECK(count_of(text, "aria-label=\"Delete worker [::1]:8888\"") == 1);
  CHECK(count_of(text, "class=\"none\" hidden") == 1);
  CHECK(count_of(panel({}), "class=\"none\" hidden") == 0);
}

TEST_CASE("a worker's state has a word and a note") {
  struct Case {
    WorkerState state;
    bool probing;
    std::size_t in_flight;
    std::string_view kind;
    std::string_view word;
    std::string_view note;
    std::string_view count;
  };
  const auto gone = WorkerState::ejected;
  const auto leaving = WorkerState::draining;
  const auto there = WorkerState::in_rotation;
  for (const Case& one : std::vector<Case>{
           {there, false, 0, "ready", "Ready", "", "1"},
           {there, true, 0, "ready", "Ready", "being probed", "1"},
           {there, false, 2, "busy", "Busy", "", "1"},
           {there, true, 2, "busy", "Busy", "being probed", "1"},
           {leaving, true, 0, "draining", "Draining", "about to stop", "0"},
           {leaving, false, 2, "draining", "Draining", "about to stop", "0"},
           {gone, false, 0, "removed", "Offline", "reconnecting", "0"},
           {gone, true, 0, "removed", "Offline", "being probed", "0"},
           // Another image ejected the worker; these two are still in flight.
           {gone, false, 2, "removed", "Offline", "reconnecting", "0"},
       }) {
    WorkerRow row = worker_row("kennel");
    row.state = one.state;
    row.probing = one.probing;
    row.counts.in_flight = one.in_flight;
    INFO(one.word << ", " << one.note);
    const std::string text = panel({row});
    CHECK(count_of(text, "class=\"worker " + std::string(one.kind) + "\"") == 1);
    CHECK(count_of(text, "class=\"word\">" + std::string(one.word) + "<") == 1);
    CHECK(count_of(text, "class=\"note\">" + std::string(one.note) + "<") == 1);
    CHECK(count_of(text, "class=\"count\">" + std::string(one.count) + "<") == 1);
  }
}

TEST_CASE("an offline worker's row says why and since when, and has a button to try it") {
  WorkerRow row = worker_row("kennel");
  row.since_ms = 1769860800000;
  row.why = "it hung";
  row.state = WorkerState::draining;
  CHECK(count_of(panel({row}), "class=\"cause\" hidden") == 1);
  row.state = WorkerState::in_rotation;
  const std::string ready = panel({row});
  CHECK(count_of(ready, "hung") == 0);
  CHECK(count_of(ready, "class=\"cause\" hidden") == 1);
  CHECK(count_of(ready, "action=\"/probe/kennel:8888\" hidden") == 1);
  row.state = WorkerState::ejected;
  const std::string offline = panel({row});
  CHECK(count_of(offline,
                 "class=\"cause\"><span class=\"why\">It hung</span> "
                 "<time datetime=\"2026-01-31T12:00:00.000Z\">since 2026-01-31 12:00:00 "
                 "UTC</time>") == 1);
  CHECK(count_of(offline, "action=\"/probe/kennel:8888\">") == 1);
}

TEST_CASE("the panel says which workers DNS has, and how the lookups go") {
  WorkerRow row = worker_row("10.0.0.1");
  CHECK(count_of(panel({row}), "class=\"names\" hidden") == 1);
  row.discovered_by = "w:8888";
  WorkersView view{.rows = {row}};
  view.discovery = {{.name = "w:8888", .workers = 1, .answered_ms = 1769860800000, .problem = {}},
                    {.name = "<v>:1",
                     .workers = 0,
                     .answered_ms = {},
                     .problem = "no DNS server can be reached"}};
  const std::string text = worker_panel(view).text();
  CHECK(count_of(text, "class=\"names\" hidden") == 0);
  CHECK(count_of(text, "class=\"found\">found by w:8888<") == 1);
  CHECK(count_of(text,
                 "<li><bdi>w:8888</bdi> <span>1 worker, last answer 2026-01-31 12:00:00 UTC"
                 "</span></li>") == 1);
  CHECK(count_of(text,
                 "<li class=\"problem\"><bdi>&lt;v&gt;:1</bdi> <span>0 workers, no answer "
                 "yet: no DNS server can be reached</span></li>") == 1);
  view.shown = Shown::signed_out;
  CHECK(count_of(worker_panel(view).text(), "w:8888") == 0);
}

TEST_CASE("a worker's row shows the numbers of its images") {
  WorkerRow row = worker_row("kennel");
  const auto cell = [&](const std::string& name, const std::string& text) {
    const std::string shown = panel({row});
    INFO(shown);
    return count_of(shown, name + "\">" + text + "</td>") == 1;
  };
  CHECK(cell("Latency", "–"));
  row.counts = {.in_flight = 3, .done = 41, .failed = 2, .latency_ms = 34.26};
  CHECK(cell("In flight", "3"));
  CHECK(cell("Done", "41"));
  CHECK(cell("Failed", "2"));
  CHECK(cell("Latency", "34.3 ms"));
}

TEST_CASE("an untrained network has a badge") {
  WorkerRow row = worker_row("kennel");
  const auto badges = [&] { return count_of(worker_panel({{row}}).text(), "untrained"); };
  CHECK(badges() == 0);
  row.model = WorkerModel{"m", true};
  CHECK(badges() == 0);
  row.model = WorkerModel{"m", false};
  CHECK(badges() == 1);
}

TEST_CASE("without a token, the state of a worker that never answered is hidden") {
  const auto text = [](Shown shown, WorkerState state) {
    WorkerRow never_heard = worker_row("10.1.2.3");
    never_heard.heard = false;
    never_heard.state = state;
    never_heard.probing = state == WorkerState::ejected;
    never_heard.counts.failed = state == WorkerState::ejected ? 7 : 0;
    return panel({worker_row("here"), never_heard}, shown);
  };
  const auto gone = WorkerState::ejected;
  const auto there = WorkerState::in_rotation;
  CHECK(text(Shown::open, gone) == text(Shown::open, there));
  CHECK(count_of(text(Shown::open, there), "class=\"count\">1<") == 1);
  CHECK(count_of(text(Shown::open, there), "Connecting…") == 1);
  // With a token, people who have it see everything.
  CHECK(count_of(text(Shown::signed_in, gone), "class=\"word\">Offline<") == 1);
  CHECK(count_of(text(Shown::signed_in, there), "class=\"count\">2<") == 1);
}

}  // namespace
}  // namespace samoyed::web
