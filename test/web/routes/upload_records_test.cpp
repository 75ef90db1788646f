#include "web/routes/upload_records.hpp"

#include <catch2/catch.hpp>

#include "web/access/visitor.hpp"

namespace samoyed::web {
namespace {

const RequestContext context{.request_id = "visit-1",
                             .client = "2001:db8::/64",
                             .address = "2001:db8::7",
                             .visitor = "somebody"};

TEST_CASE("a record names the image's owner and source") {
  dispatcher::Answer answer;
  answer.worker = {"localhost", 8888};
  answer.recognition.top = {{"Samoyed", 258, 0.75}};
  const auto row = history_row("dog.jpg", 3, answer, context, 1234);
  CHECK(row.visitor == "somebody");
  CHECK(row.client == "2001:db8::7");
  CHECK(row.request_id == "visit-1");
  CHECK(row.file_name == "dog.jpg");
  CHECK(row.image_bytes == 3);
  CHECK(row.time_ms == 1234);
  CHECK(row.worker == "localhost:8888");
  CHECK(row.source == dispatcher::HistorySource::page);
  for (const ErrorFormat format : {ErrorFormat::api, ErrorFormat::inference}) {
    RequestContext of_program = context;
    of_program.route.errors = format;
    CHECK(history_row("dog.jpg", 3, answer, of_program, 0).source ==
          dispatcher::HistorySource::api);
  }
}

TEST_CASE("a record of a client without a cookie has no owner, so that nobody else reads it") {
  RequestContext stranger = context;
  stranger.visitor = no_visitor;
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.75}};
  CHECK(history_row("dog.jpg", 3, answer, stranger, 1234).visitor.empty());
}

TEST_CASE("jobs hold their owner and options") {
  ImageUpload upload;
  upload.top = 3;
  upload.model = "m";
  const auto jobs = job_request(upload, context, 160);
  CHECK(jobs.visitor == "somebody");
  CHECK(jobs.client == "2001:db8::7");
  CHECK(jobs.request_id == "visit-1");
  CHECK(jobs.top == 3);
  CHECK(jobs.model == "m");
  CHECK(jobs.thumbnail_side == 160);
}

TEST_CASE("jobs of clients without a cookie have no owner") {
  const ImageUpload upload;
  RequestContext stranger = context;
  stranger.visitor = no_visitor;
  CHECK(job_request(upload, stranger, std::nullopt).visitor.empty());
}

}  // namespace
}  // namespace samoyed::web
