#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/errand_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Job;
using dispatcher::JobState;
using dispatcher::SubmitError;
using nlohmann::json;
using test::some_row;
using Verdict = AdminGate::Verdict;

using StorageTest = test::ErrandTest;
using GuardedStorageTest = test::GuardedErrandTest;

TEST_CASE_METHOD(StorageTest, "what requests ask of jobs and events") {
  CHECK(planned<FindJob>("GET", "/api/v1/jobs/abc").id == "abc");
  CHECK(planned<CancelJob>("DELETE", "/api/v1/jobs/abc").id == "abc");
  CHECK(planned<WatchJob>("GET", "/api/v1/jobs/abc/events").id == "abc");
  planned<WatchWorkers>("GET", "/api/v1/workers/events");
  CHECK(refused("HEAD", "/api/v1/workers/events") == "method_not_allowed");
}

TEST_CASE_METHOD(GuardedStorageTest, "the workers' events are the operator's") {
  CHECK(refused("GET", "/api/v1/workers/events") == "token_needed");
}

TEST_CASE_METHOD(StorageTest, "another site's page cancels no job") {
  const auto routed = routes.route(
      {"DELETE", "/api/v1/jobs/abc", 11, with_host({{"Sec-Fetch-Site", "cross-site"}}), {}}, visit);
  CHECK(std::get<Response>(routed).status == 403);
}

TEST_CASE_METHOD(StorageTest,
                 "several pictures of a form become jobs, where another request may have one") {
  Request form = upload("name=file; filename=a", "abc");
  form.target = "/api/v1/jobs?top=3&model=m";
  form.body.insert(0, "--b\r\nContent-Disposition: form-data; name=file; filename=z\r\n\r\nxy\r\n");
  const auto many = std::get<Upload>(routes.route(form, visit));
  CHECK(many.queued);
  REQUIRE(many.pictures.size() == 2);
  CHECK(many.pictures[0].file_name == "z");
  CHECK(many.pictures[1].image == "abc");
  CHECK(many.top == 3);
  CHECK(many.model == "m");
  // No more labels than a result keeps.
  form.target = "/api/v1/jobs?top=100";
  CHECK(std::get<Upload>(routes.route(form, visit)).top == 100);
  form.target = "/api/v1/jobs?top=101";
  CHECK(std::get<Response>(routes.route(form, visit)).status == 400);
  form.target = "/api/v1/classify";
  CHECK(std::get<Response>(routes.route(form, visit)).status == 400);
}

TEST_CASE_METHOD(StorageTest, "a submission is answered with where its jobs are") {
  const Response one = routes.storage().submitted(std::vector<std::string>{"abc"}, visit);
  CHECK(one.status == 202);
  CHECK(find_field(one.fields, "Location") == "/api/v1/jobs/abc");
  CHECK(json::parse(one.body) == json::parse(R"({"request_id": "visit-1", "jobs": [
      {"id": "abc", "href": "/api/v1/jobs/abc", "events": "/api/v1/jobs/abc/events"}]})"));
  const Response full = routes.storage().submitted(SubmitError::full, visit);
  CHECK(full.status == 503);
  CHECK(json::parse(full.body).at("reason") == "spool_full");
  CHECK(!find_field(full.fields, "Retry-After").empty());
  CHECK(routes.storage().submitted(SubmitError::stopping, visit).status == 503);
  CHECK(routes.storage().submitted(SubmitError::storage, visit).status == 500);
}

TEST_CASE_METHOD(StorageTest, "a job is shown with its result, or why it failed") {
  CHECK(json::parse(routes.storage().job({}, visit).body).at("reason") == "unknown_job");
  Job job{.id = "abc", .state = JobState::failed, .file_name = "a\xff"};
  job.reason = "unreadable";
  job.detail = "No picture.";
  const json failed = json::parse(routes.storage().job(job, visit).body);
  CHECK(failed.at("state") == "failed");
  CHECK(failed.at("reason") == "unreadable");
  CHECK(!failed.contains("result"));
  job = {.id = "abc", .state = JobState::done};
  job.result = some_row();
  const json done = json::parse(routes.storage().job(job, visit).body);
  CHECK(done.at("result").at("id") == 7);
  CHECK(!done.contains("reason"));
  const std::string event = routes.storage().job_event(job, visit);
  CHECK(event.starts_with("event: job\ndata: {"));
  CHECK(event.ends_with("}\n\n"));
  CHECK(test::count_of(event, "\n") == 3);
  CHECK(routes.storage().cancelled(true, visit).status == 200);
  CHECK(routes.storage().cancelled(false, visit).status == 404);
}

TEST_CASE_METHOD(GuardedStorageTest, "a job's result hides its worker from who may not see it") {
  Job job{.id = "abc"};
  job.result = some_row();
  CHECK(test::count_of(routes.storage().job(job, visit).body, "hidden-worker") == 0);
  visit.admin = Verdict::admitted;
  CHECK(test::count_of(routes.storage().job(job, visit).body, "hidden-worker") == 1);
}

}  // namespace
}  // namespace samoyed::web
