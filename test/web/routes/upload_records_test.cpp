#include "web/routes/upload_records.hpp"

#include <catch2/catch.hpp>

#include "web/access/visitor.hpp"

namespace samoyed::web {
namespace {

const Visit visit{.request_id = "visit-1",
                  .client = "2001:db8::/64",
                  .address = "2001:db8::7",
                  .visitor = "somebody"};

TEST_CASE("a record tells whose picture it was, and how it came") {
  dispatcher::Answer answer;
  answer.worker = {"localhost", 8888};
  answer.recognition.top = {{"Samoyed", 258, 0.75}};
  Upload upload;
  upload.pictures = {{"dog.jpg", "abc"}};
  const auto row = record_of(upload, upload.pictures[0], answer, visit, 1234);
  CHECK(row.visitor == "somebody");
  CHECK(row.client == "2001:db8::7");
  CHECK(row.request_id == "visit-1");
  CHECK(row.file_name == "dog.jpg");
  CHECK(row.image_bytes == 3);
  CHECK(row.time_ms == 1234);
  CHECK(row.worker == "localhost:8888");
  CHECK(row.source == dispatcher::HistorySource::page);
  for (const Style style : {Style::api, Style::inference}) {
    upload.style = style;
    CHECK(record_of(upload, upload.pictures[0], answer, visit, 0).source ==
          dispatcher::HistorySource::api);
  }
}

TEST_CASE("jobs hold their pictures' bytes, and what is wanted of them") {
  Upload upload;
  upload.pictures = {{"a", "abc"}, {"b", "de"}};
  upload.top = 3;
  upload.model = "m";
  const auto jobs = jobs_of(upload, visit, 160);
  REQUIRE(jobs.images.size() == 2);
  CHECK(jobs.images[1].file_name == "b");
  CHECK(jobs.images[1].bytes == "de");
  CHECK(jobs.visitor == "somebody");
  CHECK(jobs.client == "2001:db8::7");
  CHECK(jobs.request_id == "visit-1");
  CHECK(jobs.top == 3);
  CHECK(jobs.model == "m");
  CHECK(jobs.thumbnail_side == 160);
}

TEST_CASE("jobs of who has no cookie are nobody's, whose results no visitor sees") {
  Upload upload;
  upload.pictures = {{"a", "abc"}};
  Visit stranger = visit;
  stranger.visitor = no_visitor;
  CHECK(jobs_of(upload, stranger, std::nullopt).visitor.empty());
}

}  // namespace
}  // namespace samoyed::web
