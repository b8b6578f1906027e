// The page's files: how they are found, kept by browsers, and what can't be reached.
#include <filesystem>
#include <fstream>

#include "tests/support/edge_fixture.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

struct page_fixture {
  page_fixture() {
    root = folder.path() / "web";
    write(root / "index.html", "<html>page</html>");
    write(root / "assets/app-1a2b.js", "let x = 1;" + std::string(5000, ' '));
    write(root / ".hidden", "secret");
    write(folder.path() / "outside.txt", "outside");
    std::filesystem::create_symlink(folder.path() / "outside.txt", root / "link.txt");
    f = std::make_unique<edge_fixture>([this](http::edge_config& c) { c.web_root = root.string(); });
  }
  test::answer get(const std::string& path, test::fields extra = {}) const {
    return test::http_client(f->port()).get(path, std::move(extra));
  }

  test::temporary_folder folder;
  std::filesystem::path root;
  std::unique_ptr<edge_fixture> f;
};

}  // namespace

TEST_CASE("files: the page is served with a strict policy and known again by its tag") {
  page_fixture p;
  auto a = p.get("/");
  CHECK(a.status == 200);
  CHECK(a.body == "<html>page</html>");
  CHECK(a.field("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
  CHECK(a.field("Cache-Control").find("must-revalidate") != std::string::npos);
  CHECK(p.get("/", {{"If-None-Match", a.field("ETag")}}).status == 304);
  CHECK(p.get("/agents/7", {{"Accept", "text/html"}}).body == a.body);
  CHECK(p.get("/dashboards/week.48", {{"Accept", "text/html"}}).body == a.body);
  CHECK(p.get("/agents/7").status == 404);
  CHECK(p.get("/api/none", {{"Accept", "text/html"}}).status == 404);
  CHECK(test::http_client(p.f->port()).post("/", "x").status == 405);
}

TEST_CASE("files: hashed names are kept for ever and are packed for who reads gzip") {
  page_fixture p;
  auto plain = p.get("/assets/app-1a2b.js");
  CHECK(plain.field("Cache-Control").find("immutable") != std::string::npos);
  CHECK(plain.field("Content-Type") == "text/javascript; charset=utf-8");
  auto packed = p.get("/assets/app-1a2b.js", {{"Accept-Encoding", "br, gzip"}});
  CHECK(packed.field("Content-Encoding") == "gzip");
  CHECK(packed.body.size() < plain.body.size() / 10);
  CHECK(p.get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip;q=0"}}).body == plain.body);
  auto known =
      p.get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip"}, {"If-None-Match", packed.field("ETag")}});
  CHECK(known.status == 304);
  CHECK(known.body.empty());
  CHECK(known.field("Vary") == "Accept-Encoding");
  CHECK(known.field("Content-Encoding").empty());
}

TEST_CASE("files: nothing outside the folder and nothing hidden can be had") {
  page_fixture p;
  for (auto path : {"/../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt",
                    "/assets/../../outside.txt", "/link.txt", "/.hidden", "//etc/passwd", "/assets"}) {
    CHECK(p.get(path).status == 404);
  }
}
