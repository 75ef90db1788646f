#include "web/routes/job_handlers.hpp"

#include <cstddef>
#include <string>
#include <variant>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/access/visitor.hpp"
#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Job;
using dispatcher::JobState;
using dispatcher::SubmitError;
using nlohmann::json;
using test::count_of;
using test::read_all;
using test::run_now;
using test::some_row;
using JobsTest = test::HandlerFixture;
using GuardedJobsTest = test::GuardedHandlerFixture;
using Verdict = AdminGate::Verdict;

TEST_CASE_METHOD(JobsTest, "requests reach jobs and events") {
  jobs.job = Job{.id = "abc"};
  CHECK(get("/api/v1/jobs/abc").status == 200);
  CHECK(jobs.found == std::vector<std::string>{"abc"});
  CHECK(respond({"DELETE", "/api/v1/jobs/abc", 11, {}, {}}).status == 200);
  CHECK(jobs.cancelled == std::vector<std::string>{"abc"});
  CHECK(get("/api/v1/jobs/abc/events").feed);
  CHECK(jobs.watched == std::vector<std::string>{"abc"});
  const Response events = get("/api/v1/workers/events");
  CHECK(events.stream);
  CHECK(events.endless);
  REQUIRE(events.feed);
  CHECK(run_now(events.feed->next(Feed::Clock::now()))->starts_with("event: workers\ndata: {"));
  CHECK(refused("HEAD", "/api/v1/workers/events") == "method_not_allowed");
}

TEST_CASE_METHOD(JobsTest, "an EventSource that knows a job's end stays away") {
  const auto come_back = [&](JobState state, const std::string& last_id) {
    jobs.job = Job{.id = "abc", .state = state, .changed_ms = 5};
    return respond({"GET", "/api/v1/jobs/abc/events", 11, {{"Last-Event-ID", last_id}}, {}});
  };
  CHECK(come_back(JobState::done, "done-5").status == 204);
  CHECK(come_back(JobState::failed, "failed-5").status == 204);
  CHECK(jobs.watched.empty());
  // It has missed the end.
  CHECK(come_back(JobState::done, "running-4").feed);
  CHECK(come_back(JobState::done, "").feed);
  CHECK(come_back(JobState::running, "running-5").feed);
}

TEST_CASE_METHOD(JobsTest, "an unknown job has no events, and too many watchers are rejected") {
  CHECK(get("/api/v1/jobs/abc/events").status == 404);
  CHECK(jobs.watched.empty());
  jobs.job = Job{.id = "abc"};
  jobs.may_watch = false;
  const Response refused = get("/api/v1/jobs/abc/events");
  CHECK(refused.status == 503);
  CHECK(json::parse(refused.body).at("reason") == "overloaded");
}

TEST_CASE_METHOD(JobsTest, "a server without jobs says so") {
  services.jobs = nullptr;
  for (const std::string target : {"/api/v1/jobs/abc", "/api/v1/jobs/abc/events"}) {
    CHECK(json::parse(get(target).body).at("reason") == "not_found");
  }
  CHECK(respond({"DELETE", "/api/v1/jobs/abc", 11, {}, {}}).status == 404);
  Request form = upload("name=file; filename=a", "abc");
  form.target = "/api/v1/jobs";
  CHECK(respond(form).status == 404);
}

TEST_CASE_METHOD(GuardedJobsTest, "only the operator sees the workers' events") {
  CHECK(refused("GET", "/api/v1/workers/events") == "token_needed");
}

TEST_CASE_METHOD(JobsTest, "another site's page can't cancel a job") {
  const Fields fields{{"Sec-Fetch-Site", "cross-site"}};
  CHECK(respond({"DELETE", "/api/v1/jobs/abc", 11, fields, {}}).status == 403);
  CHECK(jobs.cancelled.empty());
}

TEST_CASE_METHOD(JobsTest,
                 "several images of a form become jobs, but other requests may have only one") {
  Request form = upload("name=file; filename=a", "abc");
  form.target = "/api/v1/jobs?top=3&model=m%E9";
  form.body.insert(0, "--b\r\nContent-Disposition: form-data; name=file; filename=z\r\n\r\nxy\r\n");
  CHECK(respond(form).status == 202);
  REQUIRE(jobs.requests.size() == 1);
  const dispatcher::JobRequest& many = jobs.requests[0];
  REQUIRE(many.images.size() == 2);
  CHECK(many.images[0].file_name == "z");
  CHECK(many.images[1].bytes == "abc");
  CHECK(many.top == 3);
  CHECK(many.model == "m\uFFFD");
  CHECK(classifier.requests.empty());
  // A result keeps no more than 100 labels.
  form.target = "/api/v1/jobs?top=100";
  CHECK(respond(form).status == 202);
  CHECK(jobs.requests.back().top == 100);
  form.target = "/api/v1/jobs?top=101";
  CHECK(respond(form).status == 400);
  form.target = "/api/v1/classify";
  CHECK(respond(form).status == 400);
}

TEST_CASE_METHOD(JobsTest, "a submission may hold its images twice, once for the database") {
  Admission uploads({.requests_max = 1, .requests_per_client_max = 1, .bytes_max = 1000});
  auto ticket = std::get<Admission::Ticket>(uploads.enter("client"));
  context.ticket = &ticket;
  const auto submit = [&](std::size_t bytes) {
    return respond(
        {"POST", "/api/v1/jobs", 11, {{"Content-Type", "image/jpeg"}}, std::string(bytes, 'a')});
  };
  CHECK(submit(500).status == 202);
  CHECK(find_field(submit(501).fields, "Samoyed-Reason") == "overloaded");
}

TEST_CASE_METHOD(JobsTest, "a submission is answered with the addresses of its jobs") {
  Request form = upload("name=file; filename=a", "abc");
  form.target = "/api/v1/jobs";
  const Response one = respond(form);
  CHECK(one.status == 202);
  CHECK(find_field(one.fields, "Location") == "/api/v1/jobs/abc");
  CHECK(json::parse(one.body) == json::parse(R"({"request_id": "visit-1", "jobs": [
      {"id": "abc", "href": "/api/v1/jobs/abc", "events": "/api/v1/jobs/abc/events"}]})"));
  jobs.submitted = SubmitError::full;
  const Response full = respond(form);
  CHECK(full.status == 503);
  CHECK(json::parse(full.body).at("reason") == "spool_full");
  CHECK(!find_field(full.fields, "Retry-After").empty());
  jobs.submitted = SubmitError::client_share;
  const Response limited = respond(form);
  CHECK(limited.status == 429);
  CHECK(json::parse(limited.body).at("reason") == "client_limit");
  CHECK_THAT(json::parse(limited.body).at("detail").get<std::string>(),
             Catch::Contains("wait until some are done"));
  CHECK(!find_field(limited.fields, "Retry-After").empty());
  jobs.submitted = SubmitError::stopping;
  CHECK(respond(form).status == 503);
  jobs.submitted = SubmitError::storage;
  CHECK(find_field(respond(form).fields, "Samoyed-Reason") == "storage");
}

TEST_CASE_METHOD(JobsTest, "without a key for visitors' cookies no job is accepted for a visitor") {
  Request form = upload("name=file; filename=a", "abc");
  form.target = "/api/v1/jobs";
  context.visitor = no_visitor;
  CHECK(respond(form).status == 202);
  services.storage_available = [] { return false; };
  const Response refused = respond(form);
  CHECK(refused.status == 503);
  CHECK(find_field(refused.fields, "Samoyed-Reason") == "storage");
  CHECK(jobs.requests.size() == 1);
}

TEST_CASE_METHOD(JobsTest, "all images of a stored form become jobs at once, or none of them") {
  const auto form = std::make_shared<test::FakeForm>(std::vector<std::string>{"abc", "de", "f"});
  context.stored_form = form;
  Request request = upload("name=file", "");
  request.target = "/api/v1/jobs?top=3";
  request.body.clear();
  jobs.submitted = std::vector<std::string>{"1", "2", "3"};
  const Response all = respond(request);
  CHECK(all.status == 202);
  CHECK(json::parse(all.body).at("jobs").size() == 3);
  REQUIRE(jobs.requests.size() == 1);
  const dispatcher::JobRequest& one = jobs.requests[0];
  CHECK(one.top == 3);
  REQUIRE(one.images.size() == 3);
  // Its bytes are read when the store needs them.
  CHECK(form->reads == 0);
  CHECK(one.images[1].bytes.empty());
  CHECK(one.images[1].size() == 2);
  CHECK(run_now(one.images[1].read()) == "de");

  jobs.submitted = SubmitError::full;
  CHECK(respond(request).status == 503);
  CHECK(jobs.requests.size() == 2);
  CHECK(jobs.cancelled.empty());

  context.stored_form = std::make_shared<test::FakeForm>(std::vector<std::string>{"abc", ""});
  const Response empty = respond(request);
  CHECK(empty.status == 400);
  CHECK(json::parse(empty.body).at("detail") == "a.jpg: The file is empty.");
}

TEST_CASE_METHOD(JobsTest, "a job is shown with its result, or with why it failed") {
  const auto shown = [&](std::optional<Job> job) {
    jobs.job = std::move(job);
    return json::parse(get("/api/v1/jobs/abc").body);
  };
  CHECK(shown({}).at("reason") == "unknown_job");
  Job job{.id = "abc", .state = JobState::failed, .file_name = "a\xff"};
  job.reason = "unreadable";
  job.detail = "No picture.";
  const json failed = shown(job);
  CHECK(failed.at("state") == "failed");
  CHECK(failed.at("reason") == "unreadable");
  CHECK(!failed.contains("result"));
  job = {.id = "abc", .state = JobState::done};
  job.result = some_row();
  const json done = shown(job);
  CHECK(done.at("result").at("id") == 7);
  CHECK(!done.contains("reason"));
  const std::string event = read_all(*get("/api/v1/jobs/abc/events").feed);
  CHECK(event.starts_with("event: job\nid: done-0\ndata: {"));
  CHECK(event.ends_with("}\n\n"));
  CHECK(count_of(event, "\n") == 4);
  CHECK(respond({"DELETE", "/api/v1/jobs/abc", 11, {}, {}}).status == 200);
  jobs.cancels = false;
  CHECK(respond({"DELETE", "/api/v1/jobs/abc", 11, {}, {}}).status == 404);
}

TEST_CASE_METHOD(GuardedJobsTest,
                 "a job's result hides its worker from clients who may not see it") {
  jobs.job = Job{.id = "abc"};
  jobs.job->result = some_row();
  CHECK(count_of(get("/api/v1/jobs/abc").body, "hidden-worker") == 0);
  CHECK(count_of(read_all(*get("/api/v1/jobs/abc/events").feed), "hidden-worker") == 0);
  context.admin = Verdict::admitted;
  CHECK(count_of(get("/api/v1/jobs/abc").body, "hidden-worker") == 1);
  CHECK(count_of(read_all(*get("/api/v1/jobs/abc/events").feed), "hidden-worker") == 1);
}

}  // namespace
}  // namespace samoyed::web
