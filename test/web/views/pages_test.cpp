#include "web/views/pages.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"
#include "web/views/assets.hpp"
#include "web/views/number_text.hpp"

namespace samoyed::web {
namespace {

using dispatcher::WorkerModel;
using dispatcher::WorkerRow;
using test::count_of;

const std::string_view notice = "The network is untrained: its labels mean nothing.";

WorkerRow worker(std::string host, std::optional<WorkerModel> model = std::nullopt) {
  return {.worker = {1, {std::move(host), 8888}}, .model = std::move(model), .heard = true};
}

WorkersView view(WorkerRows rows, WorkersView::Shown shown = WorkersView::Shown::open) {
  return {std::move(rows), shown};
}

dispatcher::Answer answer() {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}, {"Great Pyrenees", 257, 0.03}};
  answer.recognition.width = 1546;
  answer.recognition.height = 1213;
  answer.worker = {"localhost", 8888};
  answer.model = WorkerModel{"squeezenet1_1", true};
  answer.elapsed_ms = 34.26;
  return answer;
}

TEST_CASE("the result page shows the table and the facts") {
  const auto found = answer();
  const std::string page = result_page({"dog.jpg", found, "image/jpeg", "/9j/"}, view({}));
  for (const std::string_view part :
       {"Category", "Probability", "Confidence", "Great Pyrenees", "93.0 % sure", "93.009%",
        "3.000%", "width=\"93.009\"", "dog.jpg", "1546 × 1213 pixels", "localhost:8888",
        "squeezenet1_1", "34.3 ms", "src=\"data:image/jpeg;base64,/9j/\""}) {
    INFO(part);
    CHECK(count_of(page, part) >= 1);
  }
  CHECK(page.find("Samoyed</th>") < page.find("Great Pyrenees</th>"));
  CHECK(count_of(page, notice) == 0);
}

TEST_CASE("an unlikely label is no headline") {
  auto found = answer();
  const auto text = [&](double unsure_below) {
    WorkersView workers = view({});
    workers.unsure_below = unsure_below;
    return result_page({"dog.jpg", found, "image/jpeg", "/9j/"}, workers);
  };
  CHECK(count_of(text(0.93), "<h1 id=\"answer\">Samoyed</h1>") == 1);
  const std::string unsure = text(0.94);
  CHECK(count_of(unsure, "<h1 id=\"answer\" class=\"unsure\">Not sure</h1>") == 1);
  CHECK(count_of(unsure, "Perhaps: Samoyed (93.0 %)") == 1);
  CHECK(count_of(unsure, "<title>Not sure ·") == 1);
  for (const std::string_view part : {"recognized as", "It looks like", "% sure"}) {
    INFO(part);
    CHECK(count_of(unsure, part) == 0);
  }
  found.recognition.top.clear();
  CHECK(count_of(text(0.94), "No labels") >= 1);
}

TEST_CASE("unknown facts are left out") {
  auto found = answer();
  found.recognition = {};
  found.model.reset();
  const std::string page = result_page({"", found, "", ""}, view({}));
  for (const std::string_view part : {"File", "Size", "Network", "<figure", "pixels", "% sure"}) {
    INFO(part);
    CHECK(count_of(page, part) == 0);
  }
}

TEST_CASE("the page for several images has a section for each, in order") {
  const auto found = answer();
  const std::vector<ImageResultView> results = {{"dog.jpg", "image/jpeg", "/9j/", &found},
                                                {"notes<.txt", "", "", nullptr, "No picture."},
                                                {"", "", "", nullptr, "Nothing at all."}};
  const std::string page = results_page(results, view({}));
  CHECK(count_of(page, "<h1>1 of 3 pictures recognized</h1>") == 1);
  CHECK(count_of(page, "<h2 id=\"answer1\">Samoyed</h2>") == 1);
  CHECK(count_of(page, "src=\"data:image/jpeg;base64,/9j/\"") == 1);
  CHECK(count_of(page, "<h2 id=\"answer2\"><bdi>notes&lt;.txt</bdi></h2>") == 1);
  CHECK(count_of(page, "<bdi>Picture 3</bdi>") == 1);
  CHECK(page.find("dog.jpg") < page.find("No picture."));
  CHECK(page.find("No picture.") < page.find("Nothing at all."));
}

TEST_CASE("text from outside never becomes markup") {
  const std::string evil = "\"><script>alert('1')</script>&";
  auto found = answer();
  found.recognition.top = {{evil, {}, 0.5}};
  found.worker.host = evil;
  found.model = WorkerModel{evil, true};
  const auto rows = view({worker(evil, WorkerModel{evil, true})});
  const std::vector<ImageResultView> results = {{evil, evil, evil, &found},
                                                {evil, "", "", nullptr, evil}};
  for (const std::string& page :
       {result_page({evil, found, evil, evil}, rows), form_page(rows),
        message_page(400, evil, evil, rows), results_page(results, rows)}) {
    CHECK(count_of(page, "<script>") == 0);
    CHECK(count_of(page, "alert('") == 0);
    CHECK(count_of(page, "&quot;&gt;&lt;script&gt;") >= 3);
  }
}

TEST_CASE("pages obey their own Content-Security-Policy") {
  const auto found = answer();
  const auto rows = view({worker("a", WorkerModel{"m", false})});
  for (const std::string& page : {result_page({"f", found, "image/png", "iVBO"}, rows),
                                  form_page(view({})), message_page(503, "h", "s", rows)}) {
    for (const std::string_view part : {" style=", " onclick", "<style", "javascript:", "http"}) {
      INFO(part);
      CHECK(count_of(page.substr(page.find("<body>")), part) == 0);
    }
    CHECK(count_of(page, "<script") ==
          count_of(page, "<script src=\"" + asset_path("app.js") + "\" type=\"module\">"));
    CHECK(count_of(page, "{{") == 0);
    CHECK(page.starts_with("<!doctype html>"));
  }
}

TEST_CASE("answers of an untrained network have a prominent notice, and nothing else has") {
  const auto mixed =
      view({worker("a", WorkerModel{"m", true}), worker("b", WorkerModel{"u", false})});
  CHECK(count_of(form_page(mixed), notice) == 0);
  CHECK(count_of(message_page(404, "h", "s", mixed), notice) == 0);

  const auto found = answer();
  CHECK(count_of(result_page({"f", found, "", ""}, mixed), notice) == 0);
  auto untrained = answer();
  untrained.model->trained = false;
  CHECK(count_of(result_page({"f", untrained, "", ""}, view({})), notice) == 1);
  const std::vector<ImageResultView> results = {{"a", "", "", &found}, {"b", "", "", &untrained}};
  const std::string page = results_page(results, mixed);
  CHECK(count_of(page, notice) == 1);
  CHECK(page.find(notice) > page.find("id=\"answer1\""));
}

TEST_CASE("the form has a list of networks if there are several") {
  auto workers = view({});
  workers.models = {{{"m", true, 1000}, 1, true}};
  CHECK(count_of(form_page(workers), "<select") == 0);
  workers.models.push_back({{"u<", false, 1000}, 1, false});
  const std::string page = form_page(workers);
  CHECK(count_of(page, "<option value=\"\" selected>m (default)</option>") == 1);
  CHECK(count_of(page, "<option value=\"u&lt;\">u&lt; – untrained</option>") == 1);
  auto found = answer();
  found.model->name = "u<";
  const std::string result = result_page({"f", found, "", ""}, workers);
  CHECK(count_of(result, "<option value=\"u&lt;\" selected>") == 1);
  CHECK(count_of(result, " selected>") == 1);
}

TEST_CASE("workers are shown only to visitors who may see them") {
  using Shown = WorkersView::Shown;
  struct Case {
    Shown shown;
    std::size_t addresses;
    std::size_t sign_ins;
    std::size_t sign_outs;
  };
  const auto one = GENERATE(values<Case>({{Shown::open, 1, 0, 0},
                                          {Shown::signed_in, 1, 0, 1},
                                          {Shown::signed_out, 0, 1, 0},
                                          {Shown::nothing, 0, 0, 0}}));
  const auto workers = view({worker("kennel")}, one.shown);
  auto found = answer();
  found.worker = {"kennel", 8888};
  for (const std::string& page :
       {form_page(workers), result_page({"dog.jpg", found, "", ""}, workers),
        message_page(404, "h", "s", workers)}) {
    CHECK(count_of(page, "action=\"/del/kennel:8888\"") == one.addresses);
    CHECK((count_of(page, "kennel") > 0) == (one.addresses > 0));
    CHECK(count_of(page, "action=\"/add\"") == one.addresses);
    CHECK(count_of(page, "action=\"/sign-in\"") == one.sign_ins);
    CHECK(count_of(page, "action=\"/sign-out\"") == one.sign_outs);
  }
}

}  // namespace
}  // namespace samoyed::web
