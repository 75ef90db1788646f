#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/errand_fixture.hpp"

namespace samoyed::web {
namespace {

using nlohmann::json;
using test::count_of;
using test::some_row;
using ResultsTest = test::ErrandTest;
using GuardedResultsTest = test::GuardedErrandTest;
using Verdict = AdminGate::Verdict;

TEST_CASE_METHOD(ResultsTest, "what programs ask of results") {
  CHECK(planned<RemoveResults>("DELETE", "/api/v1/results").visitor == "somebody");
  const auto csv = planned<ExportResults>("GET", "/api/v1/results.csv");
  CHECK(csv.visitor == "somebody");
  CHECK(csv.format == ExportFormat::csv);
  const auto json_export = planned<ExportResults>("GET", "/api/v1/results.json");
  CHECK(json_export.visitor == "somebody");
  CHECK(json_export.format == ExportFormat::json);
  const auto first = planned<FindResults>("GET", "/api/v1/results").query;
  CHECK(first.visitor == "somebody");
  CHECK(!first.before);
  const auto next = planned<FindResults>("GET", "/api/v1/results?before=12&rows=200").query;
  CHECK(next.before == 12);
  CHECK(next.rows_max == 200);
  CHECK(planned<FindResults>("GET", "/api/v1/results?after=12").query.after == 12);
}

TEST_CASE_METHOD(ResultsTest, "what the pages ask of results") {
  const auto page = planned<FindResults>("GET", "/results?before=12");
  CHECK(page.style == Style::page);
  CHECK(page.query.visitor == "somebody");
  CHECK(page.query.before == 12);
  CHECK(page.query.rows_max == 24);
  const auto removal = planned<RemoveResults>("POST", "/results/delete");
  CHECK(removal.style == Style::page);
  CHECK(removal.visitor == "somebody");
  const auto thumbnail = planned<FindThumbnail>("GET", "/results/7/thumbnail.jpg");
  CHECK(thumbnail.id == 7);
  CHECK(thumbnail.visitor == "somebody");
}

TEST_CASE_METHOD(ResultsTest, "which results can't be asked for") {
  for (const std::string path : {"/api/v1/results", "/results"}) {
    for (const std::string query :
         {"before=0", "before=x", "before=", "rows=0", "rows=201", "before=99999999999999999999",
          "after=-1", "before=3&after=3"}) {
      INFO(path << "?" << query);
      CHECK(refused("GET", path + "?" + query) == "bad_parameter");
    }
    // Without a token nobody is the operator.
    CHECK(refused("GET", path + "?all=true") == "token_needed");
  }
  for (const std::string id : {"0", "x", "7x", "-7", "99999999999999999999"}) {
    INFO(id);
    CHECK(refused("GET", "/results/" + id + "/thumbnail.jpg") == "not_found");
  }
  CHECK(refused("GET", "/results/delete") == "method_not_allowed");
}

TEST_CASE_METHOD(GuardedResultsTest, "everyone's results are the operator's") {
  const std::vector<std::string> lists{"/api/v1/results", "/results"};
  const std::vector<std::string> exports{"/api/v1/results.csv", "/api/v1/results.json"};
  for (const auto& path : lists) CHECK(refused("GET", path + "?all=true") == "token_needed");
  for (const auto& path : exports) CHECK(refused("GET", path + "?all=true") == "token_needed");
  CHECK(planned<FindResults>("GET", "/results").query.visitor == "somebody");
  CHECK(planned<FindThumbnail>("GET", "/results/7/thumbnail.jpg").visitor == "somebody");
  visit.admin = Verdict::admitted;
  for (const auto& path : lists) {
    CHECK(!planned<FindResults>("GET", path + "?all=true").query.visitor);
    CHECK(planned<FindResults>("GET", path).query.visitor == "somebody");
  }
  for (const auto& path : exports) {
    CHECK(!planned<ExportResults>("GET", path + "?all=true").visitor);
  }
  CHECK(!planned<FindThumbnail>("GET", "/results/7/thumbnail.jpg").visitor);
  CHECK(refused("DELETE", "/api/v1/results?all=true") == "bad_parameter");
  CHECK(refused("POST", "/results/delete?all=true") == "bad_parameter");
}

TEST_CASE_METHOD(ResultsTest, "another site's page removes no results") {
  struct Case {
    std::string method;
    std::string target;
  };
  const auto one =
      GENERATE(values<Case>({{"DELETE", "/api/v1/results"}, {"POST", "/results/delete"}}));
  for (const Fields& fields :
       {Fields{{"Sec-Fetch-Site", "cross-site"}}, Fields{{"Origin", "http://evil.example"}}}) {
    const auto routed = routes.route({one.method, one.target, 11, with_host(fields), {}}, visit);
    REQUIRE(std::holds_alternative<Response>(routed));
    CHECK(std::get<Response>(routed).status == 403);
  }
}

TEST_CASE_METHOD(GuardedResultsTest, "results hide workers from who may not see them") {
  const dispatcher::HistoryPage page{{some_row(), some_row()}, 7, 8};
  const FindResults asked;
  const auto& results = routes.results();
  const auto exported = [&](ExportFormat format) {
    return results.export_rows(format, page, true, visit);
  };
  const json hidden = json::parse(results.found(asked, page, visit).body);
  CHECK(hidden.at("results").size() == 2);
  CHECK(hidden.at("next_before") == 7);
  CHECK(hidden.at("next_after") == 8);
  CHECK(hidden.at("results")[0].at("worker") == "");
  CHECK(count_of(exported(ExportFormat::csv), "hidden-worker") == 0);
  CHECK(count_of(exported(ExportFormat::json), "hidden-worker") == 0);
  const FindResults page_asked{{.visitor = "somebody"}, Style::page};
  CHECK(count_of(results.found(page_asked, page, visit).body, "hidden-worker") == 0);
  visit.admin = Verdict::admitted;
  CHECK(count_of(exported(ExportFormat::csv), "hidden-worker") == 2);
  CHECK(count_of(results.found(page_asked, page, visit).body, "hidden-worker") == 2);
  CHECK(json::parse(results.found(asked, {}, visit).body) ==
        json::parse(R"({"results": [], "next_before": null, "next_after": null})"));
}

TEST_CASE_METHOD(ResultsTest, "an export as JSON is one text, however many pages it has") {
  const auto& results = routes.results();
  const auto format = ExportFormat::json;
  const dispatcher::HistoryPage two{{some_row(), some_row()}, 7, {}};
  const dispatcher::HistoryPage one{{some_row()}, {}, {}};
  const auto whole = [&](const std::vector<dispatcher::HistoryPage>& pages) {
    std::string text = results.export_begin(format);
    bool first = true;
    for (const auto& page : pages) {
      text += results.export_rows(format, page, first, visit);
      first = false;
    }
    return json::parse(text + results.export_end(format)).at("results").size();
  };
  CHECK(whole({{}}) == 0);
  CHECK(whole({one}) == 1);
  CHECK(whole({two, one}) == 3);
  CHECK(whole({two, {}}) == 2);
  const Response head = results.export_head(format);
  CHECK(head.stream);
  CHECK(find_field(head.fields, "Content-Type") == "application/json");
  CHECK(find_field(head.fields, "Content-Disposition") == "attachment; filename=\"results.json\"");
}

TEST_CASE_METHOD(ResultsTest, "an export as CSV is safe in a spreadsheet") {
  const dispatcher::HistoryPage page{{some_row()}, {}, {}};
  const auto text = routes.results().export_rows(ExportFormat::csv, page, true, visit);
  CHECK(count_of(text, ",'=dog.jpg,") == 1);
}

TEST_CASE_METHOD(ResultsTest, "a thumbnail may be kept by its visitor's browser only") {
  auto row = some_row();
  row.thumbnail = "\xff\xd8\xff";
  const Response shown = Routes::sent(routes.results().thumbnail(row, visit));
  CHECK(shown.status == 200);
  CHECK(shown.body == row.thumbnail);
  CHECK(find_field(shown.fields, "Content-Type") == "image/jpeg");
  CHECK(find_field(shown.fields, "X-Content-Type-Options") == "nosniff");
  CHECK(find_field(shown.fields, "Cache-Control").starts_with("private,"));
  CHECK(find_field(shown.fields, "Vary") == "Cookie");
  CHECK(routes.results().thumbnail({}, visit).status == 404);
  CHECK(routes.results().thumbnail(some_row(), visit).status == 404);
}

TEST_CASE_METHOD(ResultsTest, "who removes results is told how many there were") {
  const auto& results = routes.results();
  CHECK(json::parse(results.removed({"somebody", Style::api}, 3, visit).body) ==
        json::parse(R"({"removed": 3})"));
  const RemoveResults by_page{"somebody", Style::page};
  CHECK(count_of(results.removed(by_page, 3, visit).body, "3 results are gone for good.") == 1);
  CHECK(count_of(results.removed(by_page, 1, visit).body, "1 result is gone for good.") == 1);
  CHECK(count_of(results.removed(by_page, 0, visit).body, "There were no results of yours.") == 1);
}

TEST_CASE_METHOD(ResultsTest, "a server that keeps nothing tells people how to change that") {
  const auto& results = routes.results();
  const Response page = results.not_kept(Style::page, Tab::results, visit);
  CHECK(page.status == 200);
  CHECK(count_of(page.body, "--data-dir") == 1);
  CHECK(results.not_kept(Style::api, Tab::results, visit).status == 404);
}

}  // namespace
}  // namespace samoyed::web
