#include "web/routes/image_handlers.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/image_formats.hpp"
#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using test::count_of;
using test::HandlerFixture;
using test::image_bytes_max;

/// The text `abc` in base64.
const std::string abc = "YWJj";

TEST_CASE_METHOD(HandlerFixture, "an upload is read from the field `file`") {
  CHECK(respond(upload("name=\"file\"; filename=\"a.jpg\"", "abc")).status == 200);
  CHECK(classifier.texts == std::vector<std::string>{abc});
  REQUIRE(history.recorded.size() == 1);
  CHECK(history.recorded[0].file_name == "a.jpg");
}

TEST_CASE_METHOD(HandlerFixture, "several images of one form are all accepted or all rejected") {
  Request request = upload("name=file; filename=a.jpg",
                           "abc\r\n--b\r\nContent-Disposition: form-data; name=file; "
                           "filename=b.jpg\r\n\r\nde");
  CHECK(respond(request).status == 200);
  CHECK(classifier.texts == std::vector<std::string>{abc, "ZGU="});
  std::string names;
  for (const auto& row : history.recorded) names += row.file_name + " ";
  CHECK(names == "a.jpg b.jpg ");

  request.target = "/api/v1/classify";
  const Response refused = respond(request);
  CHECK(refused.status == 400);
  CHECK(count_of(refused.body, "several to /api/v1/jobs") == 1);
  CHECK(classifier.texts.size() == 2);
}

TEST_CASE_METHOD(HandlerFixture, "the page for several images shows the outcome of each") {
  const Request two = upload("name=file; filename=a.jpg",
                             "abc\r\n--b\r\nContent-Disposition: form-data; name=file; "
                             "filename=b.jpg\r\n\r\nde");
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  const dispatcher::Outcome none = Failure{FailureReason::no_active_worker, {}};

  classifier.outcomes = {none, answer};
  const Response found = respond(two);
  CHECK(found.status == 200);
  CHECK(find_field(found.fields, "Samoyed-Reason").empty());
  CHECK(count_of(found.body, "Error: No active worker!") == 1);
  CHECK(count_of(found.body, ">Samoyed</h2>") == 1);

  classifier.outcomes = {none};
  const Response nothing = respond(two);
  CHECK(nothing.status == 503);
  CHECK(find_field(nothing.fields, "Samoyed-Reason") == "no_active_worker");
  CHECK(count_of(nothing.body, "Error: No active worker!") == 2);
  // The server counts the answer's own reason.
  CHECK_THAT(metrics.text({}), Catch::Contains("{outcome=\"no_active_worker\"} 2\n"));
}

TEST_CASE_METHOD(HandlerFixture, "invalid uploads are rejected") {
  struct Case {
    Request request;
    int status;
    std::string_view words;
  };
  Request urlencoded{
      "POST", "/", 11, {{"Content-Type", "application/x-www-form-urlencoded"}}, "file=a"};
  const auto form_of_type = [](const std::string& type) {
    Request form = upload("name=file; filename=a", "abc");
    form.fields.front().value = type;
    return form;
  };
  Request torn = upload("name=file; filename=a", "abc");
  torn.body.resize(torn.body.size() - 4);
  const std::vector<Case> cases = {
      {upload("name=\"file\"; filename=\"\"", ""), 400, "No file was chosen."},
      {upload("name=\"file\"; filename=\"a.jpg\"", ""), 400, "The file is empty."},
      {upload("name=\"picture\"; filename=\"a.jpg\"", "abc"), 400, "no field `file`"},
      {torn, 400, "incomplete"},
      {urlencoded, 415, "multipart/form-data"},
      {form_of_type("multipart/form-data"), 400, "names no boundary"},
      {form_of_type("multipart/form-data; boundary=" + std::string(71, 'b')), 400,
       "limit 70 characters"},
      {form_of_type("multipart/form-data; boundary=b\xE9"), 400, "RFC 2046"},
      {{"POST", "/", 11, {}, {}}, 415, "multipart/form-data"},
      {upload("name=file; filename=a", std::string(image_bytes_max + 1, 'a')), 413, "1 MiB"},
  };
  for (const Case& one : cases) {
    INFO(one.words);
    const Response response = respond(one.request);
    CHECK(response.status == one.status);
    CHECK(count_of(response.body, one.words) >= 1);
  }
  CHECK(respond(upload("name=file; filename=a", std::string(image_bytes_max, 'a'))).status == 200);
}

TEST_CASE_METHOD(HandlerFixture, "one bad file doesn't fail the others of a form") {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  classifier.outcomes = {answer};
  const std::string next =
      "\r\n--b\r\nContent-Disposition: form-data; name=file; filename=b.jpg\r\n\r\n";
  const Response page = respond(upload(
      "name=file; filename=a.jpg", "abc" + next + next + std::string(image_bytes_max + 1, 'a')));
  CHECK(page.status == 200);
  CHECK(count_of(page.body, "1 of 3 pictures recognized</h1>") == 1);
  CHECK(count_of(page.body, ">The file is empty.<") == 1);
  CHECK(count_of(page.body, ">The picture is too large (limit 1 MiB).<") == 1);
  CHECK(classifier.requests.size() == 1);
}

TEST_CASE_METHOD(HandlerFixture, "the images of a stored form are recognized one by one") {
  const auto form = std::make_shared<test::FakeForm>(std::vector<std::string>{"abc", "", "de"});
  context.stored_form = form;
  Request request = upload("name=file", "");
  request.body.clear();
  const Response page = respond(request);
  CHECK(count_of(page.body, "2 of 3 pictures recognized</h1>") == 1);
  CHECK(classifier.texts == std::vector<std::string>{"YWJj", "ZGU="});
  CHECK(form->reads == 2);
}

TEST_CASE_METHOD(HandlerFixture, "a form's images end when its time is over") {
  const auto form = std::make_shared<test::FakeForm>(std::vector<std::string>{"abc", "de", "f"});
  context.stored_form = form;
  services.rules.form_timeout = services.rules.request_timeout = std::chrono::milliseconds(0);
  Request request = upload("name=file", "");
  request.body.clear();
  const Response page = respond(request);
  CHECK(count_of(page.body, "1 of 3 pictures recognized</h1>") == 1);
  CHECK(classifier.requests.size() == 1);
  CHECK(form->reads == 1);
}

TEST_CASE_METHOD(HandlerFixture,
                 "memory for a form's later images is asked for at their own time") {
  using std::chrono::seconds;
  const auto now = std::chrono::steady_clock::now();
  Admission uploads({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 1600});
  auto entered = uploads.enter("form");
  context.ticket = &std::get<Admission::Ticket>(entered);
  context.now = now - seconds(100);
  // Another upload began after the form had arrived, and has stalled since.
  bool evicted = false;
  auto received = uploads.receive("other", now - seconds(50), [&] { evicted = true; });
  REQUIRE(std::get<Admission::Ticket>(received).hold(800, now - seconds(50)));
  const std::vector<std::string> images{std::string(300, 'a'), std::string(600, 'b')};
  context.stored_form = std::make_shared<test::FakeForm>(images);
  Request request = upload("name=file", "");
  request.body.clear();
  CHECK(respond(request).status == 200);
  CHECK(classifier.requests.size() == 2);
  CHECK(evicted);
}

TEST_CASE_METHOD(HandlerFixture, "a picture of more than 4 MiB is shown without a preview") {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  classifier.outcomes = {answer};
  const std::string start = "\xFF\xD8\xFF";
  const std::string at_most = start + std::string((std::size_t{4} << 20) - start.size(), 'a');
  context.stored_form =
      std::make_shared<test::FakeForm>(std::vector<std::string>{at_most, at_most + "a"});
  services.rules.image_bytes_max = std::uint64_t{8} << 20;
  Request request = upload("name=file", "");
  request.body.clear();
  const Response page = respond(request);
  CHECK(count_of(page.body, "2 of 2 pictures recognized</h1>") == 1);
  CHECK(count_of(page.body, "src=\"data:image/jpeg") == 1);
}

TEST_CASE_METHOD(HandlerFixture, "previews are shown as long as they aren't too many") {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  classifier.outcomes = {answer};
  const std::string image = "\xFF\xD8\xFF" + std::string(1'000'000, 'a');
  context.stored_form = std::make_shared<test::FakeForm>(std::vector<std::string>(30, image));
  Request request = upload("name=file", "");
  request.body.clear();
  const Response page = respond(request);
  CHECK(count_of(page.body, "30 of 30 pictures recognized</h1>") == 1);
  // 32 MiB of base64.
  CHECK(count_of(page.body, "src=\"data:image/jpeg") == 25);
}

TEST_CASE_METHOD(HandlerFixture, "an unwanted body is rejected by its header") {
  const auto status = [&](const std::string& method, const std::string& target, Fields fields) {
    const auto response = rejection({method, target, 11, std::move(fields), {}});
    return response ? response->status : 0;
  };
  CHECK(status("POST", "/", {{"Content-Type", "multipart/form-data; boundary=b"}}) == 0);
  CHECK(status("POST", "/", {{"Content-Type", "text/plain"}}) == 415);
  for (const std::string target : {"/", "/api/v1/classify", "/api/v1/jobs"}) {
    CHECK(status("POST", target, {{"Content-Type", "multipart/form-data"}}) == 400);
  }
  CHECK(status("POST", "/",
               {{"Content-Type", "multipart/form-data; boundary=b"},
                {"Content-Encoding", "gzip"}}) == 415);
  CHECK(status("POST", "/",
               {{"Content-Type", "multipart/form-data; boundary=b"},
                {"Content-Encoding", "identity"}}) == 0);
  CHECK(status("POST", "/nowhere", {{"Content-Length", "5"}}) == 404);
  CHECK(status("PUT", "/", {{"Content-Length", "5"}}) == 405);
  CHECK(status("POST", "/del/a:1", {{"Content-Length", "5"}}) == 0);
  CHECK(status("POST", "/del/a:1", {{"Content-Length", "5000"}}) == 413);
  CHECK(status("GET", "/", {{"Transfer-Encoding", "chunked"}}) == 413);
}

TEST_CASE_METHOD(HandlerFixture, "answers and failures become pages") {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.93009}};
  answer.worker = {"localhost", 8888};
  const Response found = answer_to(answer, "<dog>.jpg");
  CHECK(found.status == 200);
  CHECK(count_of(found.body, "&lt;dog&gt;.jpg") == 1);

  CHECK(count_of(found.body, "The file ends early.") == 0);
  answer.recognition.truncated = true;
  CHECK(count_of(answer_to(answer, "dog.jpg").body, "The file ends early.") == 1);

  const Response none = answer_to(Failure{FailureReason::no_active_worker, {}});
  CHECK(none.status == 503);
  CHECK(count_of(none.body, "Error: No active worker!") == 1);
  CHECK(!find_field(none.fields, "Retry-After").empty());

  const Response busy = answer_to(Failure{FailureReason::all_busy, {}});
  CHECK(busy.status == 503);
  CHECK(!find_field(busy.fields, "Retry-After").empty());

  const Response unreadable = answer_to(Failure{
      FailureReason::refused, protocol::Refusal{protocol::RefusalReason::unreadable, "Cut off."}});
  CHECK(unreadable.status == 415);
  CHECK(count_of(unreadable.body, "Cut off. Accepted formats: " +
                                      std::string(protocol::accepted_formats) + ".") == 1);
}

TEST_CASE_METHOD(HandlerFixture,
                 "a client that leaves ends its upload, and the connection counts it") {
  struct Gone final : ClientPresence {
    void begin() override { ++begun; }
    asio::awaitable<void> end() override {
      ++ended;
      co_return;
    }
    bool client_left() const override { return true; }
    asio::cancellation_slot left() override { return signal.slot(); }
    int begun = 0;
    int ended = 0;
    asio::cancellation_signal signal;
  } gone;
  context.presence = &gone;
  respond(upload("name=file; filename=a.jpg",
                 "abc\r\n--b\r\nContent-Disposition: form-data; name=file; "
                 "filename=b.jpg\r\n\r\nde"));
  CHECK(classifier.requests.size() == 1);
  CHECK(history.recorded.empty());
  CHECK(gone.begun == 1);
  CHECK(gone.ended == 1);
}

}  // namespace
}  // namespace samoyed::web
