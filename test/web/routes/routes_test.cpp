#include "web/routes/routes.hpp"

#include <catch2/catch.hpp>

#include "web/routes/routes_fixture.hpp"
#include "web/views/assets.hpp"
#include "web/views/image_type.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using test::count_of;

using test::image_bytes_max;
using test::RoutesTest;

TEST_CASE_METHOD(RoutesTest, "methods and addresses that don't go together") {
  struct Case {
    std::string method;
    std::string target;
    int status;
    std::string allow;
  };
  const auto one = GENERATE(values<Case>({
      {"GET", "/", 200, ""},
      {"HEAD", "/", 200, ""},
      {"GET", "/?x=y", 200, ""},
      {"GET", "http://localhost:9999/", 200, ""},
      {"PUT", "/", 405, "GET, HEAD, POST"},
      {"DELETE", "/", 405, "GET, HEAD, POST"},
      {"POST", "/assets/style.css", 405, "GET, HEAD"},
      {"HEAD", "/add/a:1", 405, "GET, POST"},
      {"HEAD", "/del/a:1", 405, "GET, POST"},
      {"OPTIONS", "*", 405, "GET, HEAD, POST, DELETE"},
      {"CONNECT", "a:1", 405, "GET, HEAD, POST, DELETE"},
      {"BREW", "/", 501, ""},
      {"get", "/", 501, ""},
      {"GET", "*", 400, ""},
      {"GET", "/nowhere", 404, ""},
      {"GET", "/adder", 404, ""},
      {"GET", "/assets/", 404, ""},
      {"GET", "/assets/../style.css", 404, ""},
      {"GET", "/assets/icon.svg", 200, ""},
      {"GET", "/favicon.ico", 200, ""},
      {"GET", "/healthz", 200, ""},
      {"HEAD", "/healthz", 200, ""},
      {"POST", "/healthz", 405, "GET, HEAD"},
      {"HEAD", "/readyz", 503, ""},
      {"POST", "/readyz", 405, "GET, HEAD"},
      {"GET", "/sign-in", 405, "POST"},
      {"POST", "/sign-in", 404, ""},
      {"GET", "/sign-out", 405, "POST"},
  }));
  INFO(one.method << ' ' << one.target);
  const Response response = respond({one.method, one.target, 11, {}, {}});
  CHECK(response.status == one.status);
  CHECK(find_field(response.fields, "Allow") == one.allow);
}

TEST_CASE_METHOD(RoutesTest, "workers are added and deleted by address") {
  CHECK(count_of(get("/add/localhost:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/[::1]:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/%5B0:0::2%5D:7777").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/localhost:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(addresses() == std::vector<std::string>{"localhost:8888", "[::1]:8888", "[::2]:7777"});

  const Response deleted = respond({"POST", "/del/LOCALHOST:8888", 11, {}, {}});
  CHECK(deleted.status == 200);
  CHECK(count_of(deleted.body, "<h1>Delete worker successful</h1>") == 1);
  CHECK(addresses() == std::vector<std::string>{"[::1]:8888", "[::2]:7777"});
  const Response again = get("/del/localhost:8888");
  CHECK(again.status == 404);
  CHECK(count_of(again.body, "Unknown worker") >= 1);
}

TEST_CASE_METHOD(RoutesTest, "a bad address is 400 and says what a good one is") {
  const std::string verb = GENERATE("/add", "/del");
  const std::string address =
      GENERATE("", "/", "/localhost", "/localhost:", "/localhost:0", "/localhost:65536", "/::1:80",
               "/a:1/", "/a%3", "/%00:1", "/a:1%0A", "/<script>:1", "?other=a:1");
  INFO(verb + address);
  const Response response = get(verb + address);
  CHECK(response.status == 400);
  CHECK(count_of(response.body, "from 1 to 65535") == 1);
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(RoutesTest, "the form's address leads to the address's own URL") {
  struct Case {
    std::string target;
    std::string location;
  };
  const auto one = GENERATE(values<Case>({
      {"/add?address=localhost%3A8888", "/add/localhost:8888"},
      {"/add?address=+%5B%3A%3A1%5D%3A1+", "/add/[::1]:1"},
      {"/del?address=a:1", "/del/a:1"},
      {"/add?address", "/add/"},
      {"/add?address=%0D%0ASet-Cookie%3A%20a", "/add/%0D%0ASet-Cookie:%20a"},
      {"/add?address=//evil.example/", "/add/%2F%2Fevil.example%2F"},
  }));
  const Response response = get(one.target);
  CHECK(response.status == 303);
  CHECK(find_field(response.fields, "Location") == one.location);
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(RoutesTest, "an upload is taken from the field `file`") {
  const Request request = upload("name=\"file\"; filename=\"a.jpg\"", "abc");
  const auto routed = routes.route(request, visit);
  REQUIRE(std::holds_alternative<Upload>(routed));
  const Upload& taken = std::get<Upload>(routed);
  REQUIRE(taken.pictures.size() == 1);
  CHECK(taken.pictures[0].file_name == "a.jpg");
  CHECK(taken.pictures[0].image == "abc");
}

TEST_CASE_METHOD(RoutesTest, "several pictures of one form are all taken, or all refused") {
  Request request = upload("name=file; filename=a.jpg",
                           "abc\r\n--b\r\nContent-Disposition: form-data; name=file; "
                           "filename=b.jpg\r\n\r\nde");
  const auto of_page = routes.route(request, visit);
  REQUIRE(std::holds_alternative<Upload>(of_page));
  std::string names;
  for (const Picture& picture : std::get<Upload>(of_page).pictures)
    names += picture.file_name + " ";
  CHECK(names == "a.jpg b.jpg ");

  request.target = "/api/v1/classify";
  const auto of_program = routes.route(request, visit);
  REQUIRE(std::holds_alternative<Response>(of_program));
  CHECK(std::get<Response>(of_program).status == 400);
  CHECK(count_of(std::get<Response>(of_program).body, "several to /api/v1/jobs") == 1);
}

TEST_CASE_METHOD(RoutesTest, "of several pictures each has its end on one page") {
  const Upload from{Style::page, {{"a.jpg", "abc"}, {"b.jpg", "de"}}};
  CHECK(!stops_at_failure(from));
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  const std::vector<Preview> previews(2);
  const dispatcher::Outcome none = Failure{FailureReason::no_active_worker, {}};

  const std::vector<dispatcher::Outcome> mixed = {none, answer};
  const Response found = routes.answer(from, previews, mixed, visit);
  CHECK(found.status == 200);
  CHECK(find_field(found.fields, "Samoyed-Reason").empty());
  CHECK(count_of(found.body, "Error: No active worker!") == 1);
  CHECK(count_of(found.body, ">Samoyed</h2>") == 1);

  const std::vector<dispatcher::Outcome> lost = {none, none};
  const Response nothing = routes.answer(from, previews, lost, visit);
  CHECK(nothing.status == 503);
  CHECK(find_field(nothing.fields, "Samoyed-Reason") == "no_active_worker");
  CHECK(count_of(nothing.body, "Error: No active worker!") == 2);
}

TEST_CASE_METHOD(RoutesTest, "uploads that can't be taken") {
  struct Case {
    Request request;
    int status;
    std::string_view words;
  };
  Request urlencoded{
      "POST", "/", 11, {{"Content-Type", "application/x-www-form-urlencoded"}}, "file=a"};
  Request torn = upload("name=file; filename=a", "abc");
  torn.body.resize(torn.body.size() - 4);
  const std::vector<Case> cases = {
      {upload("name=\"file\"; filename=\"\"", ""), 400, "No file was chosen."},
      {upload("name=\"file\"; filename=\"a.jpg\"", ""), 400, "The file is empty."},
      {upload("name=\"picture\"; filename=\"a.jpg\"", "abc"), 400, "no field `file`"},
      {torn, 400, "incomplete"},
      {urlencoded, 415, "multipart/form-data"},
      {{"POST", "/", 11, {}, {}}, 415, "multipart/form-data"},
      {upload("name=file; filename=a", std::string(image_bytes_max + 1, 'a')), 413, "1 MiB"},
  };
  for (const Case& one : cases) {
    INFO(one.words);
    const Response response = respond(one.request);
    CHECK(response.status == one.status);
    CHECK(count_of(response.body, one.words) >= 1);
  }
  CHECK(std::holds_alternative<Upload>(
      routes.route(upload("name=file; filename=a", std::string(image_bytes_max, 'a')), visit)));
}

TEST_CASE_METHOD(RoutesTest, "a body that nobody wants is refused by its header") {
  const auto status = [&](const std::string& method, const std::string& target, Fields fields) {
    const auto response =
        routes.consider({method, target, 11, with_host(std::move(fields)), {}}, visit);
    return response ? response->status : 0;
  };
  CHECK(status("POST", "/", {{"Content-Type", "multipart/form-data; boundary=b"}}) == 0);
  CHECK(status("POST", "/", {{"Content-Type", "text/plain"}}) == 415);
  CHECK(status("POST", "/nowhere", {{"Content-Length", "5"}}) == 404);
  CHECK(status("PUT", "/", {{"Content-Length", "5"}}) == 405);
  CHECK(status("POST", "/del/a:1", {{"Content-Length", "5"}}) == 0);
  CHECK(status("POST", "/del/a:1", {{"Content-Length", "5000"}}) == 413);
  CHECK(status("GET", "/", {{"Transfer-Encoding", "chunked"}}) == 413);
}

TEST_CASE_METHOD(RoutesTest, "answers and failures become pages") {
  const Upload from{Style::page, {{"<dog>.jpg", "abc"}}};
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  answer.worker = {"localhost", 8888};
  const Response found = answer_to(from, answer);
  CHECK(found.status == 200);
  CHECK(count_of(found.body, "&lt;dog&gt;.jpg") == 1);

  const Response none = answer_to(from, Failure{FailureReason::no_active_worker, {}});
  CHECK(none.status == 503);
  CHECK(count_of(none.body, "Error: No active worker!") == 1);
  CHECK(!find_field(none.fields, "Retry-After").empty());

  const Response busy = answer_to(from, Failure{FailureReason::all_busy, {}});
  CHECK(busy.status == 503);
  CHECK(!find_field(busy.fields, "Retry-After").empty());

  const Response unreadable =
      answer_to(from, Failure{FailureReason::refused,
                              protocol::Refusal{protocol::RefusalReason::unreadable, "Cut off."}});
  CHECK(unreadable.status == 415);
  CHECK(count_of(unreadable.body, "Cut off. Accepted is JPEG, PNG, BMP or WebP.") == 1);
}

TEST_CASE_METHOD(RoutesTest, "assets are revalidated") {
  const Response first = get("/assets/style.css");
  CHECK(find_field(first.fields, "Content-Type") == "text/css; charset=utf-8");
  CHECK(first.body == find_asset("style.css")->bytes);
  CHECK(first.body.size() > 1000);
  const std::string tag(find_field(first.fields, "ETag"));
  const auto status = [&](const std::string& if_none_match) {
    return respond({"GET", "/assets/style.css", 11, {{"If-None-Match", if_none_match}}, {}}).status;
  };
  CHECK(status(tag) == 304);
  CHECK(status("\"x\", W/" + tag) == 304);
  CHECK(status("*") == 304);
  CHECK(status("\"x\"") == 200);
  CHECK(tag != entity_tag(*find_asset("app.js")));
}

TEST_CASE_METHOD(RoutesTest, "ready is a server with a worker in rotation that goes on") {
  const auto check = [&](int status, std::string_view line) {
    const Response response = get("/readyz");
    CHECK(response.status == status);
    CHECK(response.body == line);
    CHECK(find_field(response.fields, "Content-Type") == "text/plain; charset=utf-8");
    const bool fine = status == 200;
    CHECK(find_field(response.fields, "Samoyed-Reason") ==
          (fine ? "" : line.substr(0, line.size() - 1)));
    CHECK(find_field(response.fields, "Retry-After").empty() == fine);
  };
  check(503, "no_active_worker\n");
  get("/add/localhost:8888");
  check(200, "ok\n");
  visit.stopping = true;
  check(503, "stopping\n");
  CHECK(get("/healthz").body == "ok\n");
}

TEST_CASE("only pictures are shown again") {
  using namespace std::string_view_literals;
  CHECK(browser_image_type("\xFF\xD8\xFF\xE0"sv) == "image/jpeg");
  CHECK(browser_image_type("\x89PNG\r\n\x1A\n..."sv) == "image/png");
  CHECK(browser_image_type("BM...."sv) == "image/bmp");
  CHECK(browser_image_type("RIFF\0\0\0\0WEBPVP8 "sv) == "image/webp");
  CHECK(browser_image_type("RIFF\0\0\0\0WAVE"sv).empty());
  CHECK(browser_image_type("<svg onload=alert(1)>"sv).empty());
  CHECK(browser_image_type("<html>"sv).empty());
  CHECK(browser_image_type(""sv).empty());
}

}  // namespace
}  // namespace samoyed::web
