#include "web/routes/result_handlers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/http/response_bytes.hpp"
#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using nlohmann::json;
using test::count_of;
using test::read_all;
using test::some_row;
using Verdict = AdminGate::Verdict;

/// Helpers that return what requests ask of the history.
template <typename Base>
struct ResultsAsking : Base {
  dispatcher::HistoryQuery query_of(const std::string& target) {
    const std::size_t before = this->history.queries.size();
    CHECK(this->get(target).status == 200);
    REQUIRE(this->history.queries.size() == before + 1);
    return this->history.queries.back();
  }

  test::FakeHistory::RowQuery thumbnail_query_of(const std::string& target) {
    this->history.row = some_row();
    this->history.row->thumbnail = "\xff\xd8\xff";
    CHECK(this->get(target).status == 200);
    return this->history.row_queries.back();
  }

  /// Returns the owner of the results that an export asks for.
  std::optional<std::string> exported_visitor(const std::string& target) {
    const Response response = this->get(target);
    REQUIRE(response.feed);
    read_all(*response.feed);
    return this->history.queries.back().visitor;
  }

  /// Returns the owner of the results that a request removes.
  std::string removed_visitor(const std::string& method, const std::string& target) {
    CHECK(this->respond({method, target, 11, {}, {}}).status == 200);
    REQUIRE(!this->history.removed.empty());
    return this->history.removed.back();
  }

  static bool is_html(const Response& response) {
    return find_field(response.fields, "Content-Type").starts_with("text/html");
  }

  std::string export_of(const std::string& target, std::vector<dispatcher::HistoryPage> pages) {
    this->history.queries.clear();
    this->history.pages = std::move(pages);
    return read_all(*this->get(target).feed);
  }

  /// Returns the body of a list whose history has only that page.
  std::string list_of(const std::string& target, const dispatcher::HistoryPage& page) {
    this->history.queries.clear();
    this->history.pages = {page};
    return this->get(target).body;
  }
};

using ResultsTest = ResultsAsking<test::HandlerFixture>;
using GuardedResultsTest = ResultsAsking<test::GuardedHandlerFixture>;

TEST_CASE_METHOD(ResultsTest, "API requests query the visitor's results") {
  CHECK(removed_visitor("DELETE", "/api/v1/results") == "somebody");
  CHECK(exported_visitor("/api/v1/results.csv") == "somebody");
  CHECK(find_field(get("/api/v1/results.csv").fields, "Content-Type") == "text/csv; charset=utf-8");
  CHECK(exported_visitor("/api/v1/results.json") == "somebody");
  CHECK(find_field(get("/api/v1/results.json").fields, "Content-Type") == "application/json");
  const auto first = query_of("/api/v1/results");
  CHECK(first.visitor == "somebody");
  CHECK(!first.before);
  const auto next = query_of("/api/v1/results?before=12&rows=200");
  CHECK(next.before == 12);
  CHECK(next.rows_max == 200);
  CHECK(query_of("/api/v1/results?after=12").after == 12);
  CHECK(!first.model);
  CHECK(query_of("/api/v1/results?model=a+b").model == "a b");
  CHECK(query_of("/results?model=a").model == "a");
  read_all(*get("/api/v1/results.csv?model=a").feed);
  CHECK(history.queries.back().model == "a");
  CHECK(history.queries.back().visitor == "somebody");
}

TEST_CASE_METHOD(ResultsTest, "a result carries the address of its thumbnail, if it has one") {
  dispatcher::HistoryRow row = some_row();
  context.base_path = "/samoyed";
  CHECK(!json::parse(list_of("/api/v1/results", {{row}, {}, {}}))
             .at("results")[0]
             .contains("thumbnail"));
  row.has_thumbnail = true;
  CHECK(json::parse(list_of("/api/v1/results", {{row}, {}, {}})).at("results")[0].at("thumbnail") ==
        "/samoyed/results/7/thumbnail.jpg");
}

TEST_CASE_METHOD(ResultsTest, "pages query the visitor's results") {
  CHECK(is_html(get("/results?before=12")));
  const auto page = query_of("/results?before=12");
  CHECK(page.visitor == "somebody");
  CHECK(page.before == 12);
  CHECK(page.rows_max == 24);
  CHECK(is_html(respond({"POST", "/results/delete", 11, {}, {}})));
  CHECK(removed_visitor("POST", "/results/delete") == "somebody");
  const auto thumbnail = thumbnail_query_of("/results/7/thumbnail.jpg");
  CHECK(thumbnail.id == 7);
  CHECK(thumbnail.visitor == "somebody");
}

TEST_CASE_METHOD(ResultsTest, "invalid queries for results are rejected") {
  for (const std::string path : {"/api/v1/results", "/results"}) {
    for (const std::string query :
         {"before=0", "before=x", "before=", "rows=0", "rows=201", "before=99999999999999999999",
          "after=-1", "before=3&after=3", "model="}) {
      INFO(path << "?" << query);
      CHECK(refused("GET", path + "?" + query) == "bad_parameter");
    }
    // Without a token, nobody is the operator.
    CHECK(refused("GET", path + "?all=true") == "token_needed");
  }
  for (const std::string id : {"0", "x", "7x", "-7", "99999999999999999999"}) {
    INFO(id);
    CHECK(refused("GET", "/results/" + id + "/thumbnail.jpg") == "not_found");
  }
  CHECK(refused("GET", "/results/delete") == "method_not_allowed");
}

TEST_CASE_METHOD(GuardedResultsTest, "only the operator sees everyone's results") {
  const std::vector<std::string> lists{"/api/v1/results", "/results"};
  const std::vector<std::string> exports{"/api/v1/results.csv", "/api/v1/results.json"};
  for (const auto& path : lists) CHECK(refused("GET", path + "?all=true") == "token_needed");
  for (const auto& path : exports) CHECK(refused("GET", path + "?all=true") == "token_needed");
  CHECK(query_of("/results").visitor == "somebody");
  CHECK(thumbnail_query_of("/results/7/thumbnail.jpg").visitor == "somebody");
  context.admin = Verdict::admitted;
  for (const auto& path : lists) {
    CHECK(!query_of(path + "?all=true").visitor);
    CHECK(query_of(path).visitor == "somebody");
  }
  for (const auto& path : exports) {
    CHECK(!exported_visitor(path + "?all=true"));
  }
  CHECK(!thumbnail_query_of("/results/7/thumbnail.jpg").visitor);
  CHECK(refused("DELETE", "/api/v1/results?all=true") == "bad_parameter");
  CHECK(refused("POST", "/results/delete?all=true") == "bad_parameter");
}

TEST_CASE_METHOD(ResultsTest, "another site's page can't remove results") {
  struct Case {
    std::string method;
    std::string target;
  };
  const auto one =
      GENERATE(values<Case>({{"DELETE", "/api/v1/results"}, {"POST", "/results/delete"}}));
  for (const Fields& fields :
       {Fields{{"Sec-Fetch-Site", "cross-site"}}, Fields{{"Origin", "http://evil.example"}}}) {
    CHECK(respond({one.method, one.target, 11, fields, {}}).status == 403);
    CHECK(history.removed.empty());
  }
}

TEST_CASE_METHOD(GuardedResultsTest, "results hide workers from clients who may not see them") {
  const dispatcher::HistoryPage page{{some_row(), some_row()}, 7, 8};
  const json hidden = json::parse(list_of("/api/v1/results", page));
  CHECK(hidden.at("results").size() == 2);
  CHECK(hidden.at("next_before") == 7);
  CHECK(hidden.at("next_after") == 8);
  CHECK(hidden.at("results")[0].at("worker") == "");
  const dispatcher::HistoryPage last{{some_row(), some_row()}, {}, {}};
  CHECK(count_of(export_of("/api/v1/results.csv", {last}), "hidden-worker") == 0);
  CHECK(count_of(export_of("/api/v1/results.json", {last}), "hidden-worker") == 0);
  CHECK(count_of(list_of("/results", page), "hidden-worker") == 0);
  context.admin = Verdict::admitted;
  CHECK(count_of(export_of("/api/v1/results.csv", {last}), "hidden-worker") == 2);
  CHECK(count_of(list_of("/results", page), "hidden-worker") == 2);
  CHECK(json::parse(list_of("/api/v1/results", {})) ==
        json::parse(R"({"results": [], "next_before": null, "next_after": null})"));
}

TEST_CASE_METHOD(ResultsTest, "a JSON export is one document, however many pages it has") {
  const dispatcher::HistoryPage two{{some_row(), some_row()}, 7, {}};
  const dispatcher::HistoryPage one{{some_row()}, {}, {}};
  const auto whole = [&](const std::vector<dispatcher::HistoryPage>& pages) {
    return json::parse(export_of("/api/v1/results.json", pages)).at("results").size();
  };
  CHECK(whole({{}}) == 0);
  CHECK(whole({one}) == 1);
  CHECK(whole({two, one}) == 3);
  CHECK(whole({two, {}}) == 2);
  // All rows of a page may be damaged.
  const dispatcher::HistoryPage damaged{.rows = {}, .next_before = 7, .unreadable = 2};
  CHECK(whole({damaged, one}) == 1);
  const Response head = get("/api/v1/results.json");
  CHECK(head.stream);
  CHECK(find_field(head.fields, "Content-Type") == "application/json");
  CHECK(find_field(head.fields, "Content-Disposition") == "attachment; filename=\"results.json\"");
}

TEST_CASE_METHOD(ResultsTest, "a CSV export is safe in a spreadsheet") {
  const dispatcher::HistoryPage page{{some_row()}, {}, {}};
  CHECK(count_of(export_of("/api/v1/results.csv", {page}), ",\"'=dog.jpg\",") == 1);
}

TEST_CASE_METHOD(ResultsTest, "only the visitor's browser may cache a thumbnail") {
  auto row = some_row();
  row.thumbnail = "\xff\xd8\xff";
  history.row = row;
  const Response shown = get("/results/7/thumbnail.jpg");
  CHECK(shown.status == 200);
  CHECK(shown.body == row.thumbnail);
  CHECK(find_field(shown.fields, "Content-Type") == "image/jpeg");
  CHECK(count_of(header_bytes(shown, 11, true, {}), "X-Content-Type-Options: nosniff") == 1);
  CHECK(find_field(shown.fields, "Cache-Control").starts_with("private,"));
  CHECK(find_field(shown.fields, "Vary") == "Cookie");
  history.row.reset();
  CHECK(get("/results/7/thumbnail.jpg").status == 404);
  history.row = some_row();
  CHECK(get("/results/7/thumbnail.jpg").status == 404);
}

TEST_CASE_METHOD(ResultsTest, "removing results reports how many there were") {
  const auto body_of = [&](const std::string& method, const std::string& target,
                           std::uint64_t rows) {
    history.rows_removed = rows;
    return respond({method, target, 11, {}, {}}).body;
  };
  CHECK(json::parse(body_of("DELETE", "/api/v1/results", 3)) == json::parse(R"({"removed": 3})"));
  const auto page = [&](std::uint64_t rows) { return body_of("POST", "/results/delete", rows); };
  CHECK(count_of(page(3), "3 results were permanently deleted.") == 1);
  CHECK(count_of(page(1), "1 result was permanently deleted.") == 1);
  CHECK(count_of(page(0), "You have no results.") == 1);
}

TEST_CASE_METHOD(ResultsTest, "a server that keeps no results says how to change that") {
  services.history = nullptr;
  const Response page = get("/results");
  CHECK(page.status == 200);
  CHECK(count_of(page.body, "--data-dir") == 1);
  CHECK(get("/api/v1/results").status == 404);
}

}  // namespace
}  // namespace samoyed::web
