// Users, passwords, rights, certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "engines/etcd/etcd_store.hpp"
#include "engines/etcd/test_server.hpp"
#include "engines/etcd/test_tools.hpp"

namespace abc2::engines::etcd {
namespace {

using runtime::run_blocking;
using store::Freshness;
using testing::answer_of;
using testing::EtcdTest;
using ::testing::HasSubstr;
using testing::must_open;
using ::testing::Not;
using testing::TestCluster;

// The keys from "abc2/" to "abc20", in base64.
constexpr const char* kOurs = R"("key":"YWJjMi8=","range_end":"YWJjMjA=")";

// A quick hash of passwords.
const std::vector<std::string> kQuick = {"--bcrypt-cost=4"};

// root/root; abc2/s3cret may read and write our keys, reader/s3cret may read them.
void set_up_users(TestCluster& server) {
  for (const char* user : {"root", "abc2", "reader"}) {
    const std::string name = user, password = name == "root" ? "root" : "s3cret";
    server.call("auth/role/add", R"({"name":")" + name + "\"}");
    server.call("auth/user/add", R"({"name":")" + name + R"(","password":")" + password + "\"}");
    server.call("auth/user/grant", R"({"user":")" + name + R"(","role":")" + name + "\"}");
  }
  server.call("auth/role/grant", std::string(R"({"name":"abc2","perm":{"permType":"READWRITE",)") + kOurs + "}}");
  server.call("auth/role/grant", std::string(R"({"name":"reader","perm":{"permType":"READ",)") + kOurs + "}}");
  server.call("auth/enable", "{}");
}

std::string url(TestCluster& server, const std::string& who, const std::string& more = "") {
  return "etcd://" + who + "@" + server.member().address() + more;
}

std::string root_token(TestCluster& server) {
  const std::string answer = server.call("auth/authenticate", R"({"name":"root","password":"root"})");
  const std::string before = "\"token\":\"";
  const auto begin = answer.find(before) + before.size();
  return answer.substr(begin, answer.find('"', begin) - begin);
}

void expect_refused(runtime::Runtime& runtime, const std::string& its_url, const std::string& why,
                    Code code = Code::invalid_argument) {
  const auto refused = EtcdStore::open(runtime, its_url);
  ASSERT_FALSE(refused) << its_url;
  EXPECT_EQ(refused.error().code(), code) << its_url << ": " << refused.error().message();
  EXPECT_THAT(refused.error().message(), HasSubstr(why));
  EXPECT_THAT(refused.error().message(), Not(HasSubstr("s3cret")));
}

TEST_F(EtcdTest, WhoMayNotReadAndWriteIsRefused) {
  TestCluster server(1, kQuick);
  expect_refused(runtime, url(server, "abc2:s3cret"), "authentication is not enabled");
  set_up_users(server);
  expect_refused(runtime, url(server, "abc2:s3cret!"), "does not let the user abc2 in");
  expect_refused(runtime, url(server, "nobody:s3cret"), "does not let the user nobody in");
  expect_refused(runtime, server.url(), "user name is empty");
  expect_refused(runtime, url(server, "reader:s3cret"), "permission denied");
  expect_refused(runtime, url(server, "abc2:s3cret", "/elsewhere"), "permission denied");
  const auto store = must_open(runtime, url(server, "abc2:s3cret"));
  EXPECT_EQ(answer_of(run_blocking(store->add("k", "v"))), "applied");
}

TEST_F(EtcdTest, ATokenThatIsTooOldIsReplaced) {
  TestCluster server(1, kQuick);
  set_up_users(server);
  const auto store = must_open(runtime, url(server, "abc2:s3cret"));
  const auto first = run_blocking(store->add("k", "1"));
  ASSERT_EQ(answer_of(first), "applied");
  // Any change of users and roles makes tokens too old: what goes with one is refused, and repeated with another.
  server.call("auth/role/add", R"({"name":"another"})", root_token(server));
  const auto second = run_blocking(store->replace("k", first.value().version(), "2"));
  ASSERT_EQ(answer_of(second), "applied");
  // A restart forgets them.
  server.kill();
  server.start(kQuick);
  while (!run_blocking(store->get("k", Freshness::linearizable))) usleep(10'000);
  EXPECT_EQ(answer_of(run_blocking(store->replace("k", second.value().version(), "3"))), "applied");
  // A watch needs one as well.
  const auto now = run_blocking(store->watch("k", second.value().version(), Milliseconds(0)));
  ASSERT_TRUE(now && now.value());
  std::thread watcher([&] {
    const auto changed = run_blocking(store->watch("k", now.value()->version, std::chrono::hours(1)));
    EXPECT_TRUE(changed && changed.value() && changed.value()->value == "4");
  });
  const auto beside = must_open(runtime, url(server, "abc2:s3cret"));
  EXPECT_EQ(answer_of(run_blocking(beside->replace("k", now.value()->version, "4"))), "applied");
  watcher.join();
}

// A right that is taken away later: nothing is written, and it says why.
TEST_F(EtcdTest, ARightThatIsTakenAway) {
  TestCluster server(1, kQuick);
  set_up_users(server);
  const auto store = must_open(runtime, url(server, "abc2:s3cret"));
  server.call("auth/user/revoke", R"({"name":"abc2","role":"abc2"})", root_token(server));
  server.call("auth/user/grant", R"({"user":"abc2","role":"reader"})", root_token(server));
  const auto refused = run_blocking(store->add("k", "v"));
  EXPECT_EQ(answer_of(refused), "unavailable");
  EXPECT_THAT(refused.error().message(), HasSubstr("permission denied"));
  const auto found = run_blocking(store->get("k", Freshness::linearizable));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found.value());
}

// An authority, a certificate of 127.0.0.1 and one of ours, and an authority that has nothing to do with them.
void make_certificates(const testing::fs::path& directory) {
  const std::string script = "cd '" + directory.string() + R"(' && exec >openssl.log 2>&1 && set -e
    key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    for ca in ca other; do
      openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2
    done
    for who in server client; do
      openssl req $key -keyout $who.key -out $who.csr -subj /CN=$who
      printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >ext
      openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -out $who.pem -days 2
    done)";
  if (std::system(script.c_str()) != 0) throw std::runtime_error("openssl could not make certificates");
}

TEST_F(EtcdTest, CertificatesAndPasswords) {
  TestCluster server(1, kQuick);
  set_up_users(server);
  make_certificates(server.directory());
  const std::string at = server.directory().string() + "/";
  server.kill();
  server.start({"--cert-file=" + at + "server.pem", "--key-file=" + at + "server.key", "--client-cert-auth",
                "--trusted-ca-file=" + at + "ca.pem", "--bcrypt-cost=4"});
  const std::string ours = "&cert=" + at + "client.pem&key=" + at + "client.key";
  const auto store = must_open(runtime, url(server, "abc2:s3cret", "?ca=" + at + "ca.pem" + ours));
  const auto added = run_blocking(store->add("k", "v"));
  ASSERT_EQ(answer_of(added), "applied");
  EXPECT_EQ(answer_of(run_blocking(store->replace("k", added.value().version(), "w"))), "applied");
  const auto found = run_blocking(store->watch("k", added.value().version(), std::chrono::hours(1)));
  EXPECT_TRUE(found && found.value() && found.value()->value == "w");
  // Neither in the clear, nor without a certificate, nor to a server that the authority does not know. All at once:
  // each is tried for five seconds.
  std::vector<std::thread> attempts;
  for (const std::string& bad :
       {std::string(), "?ca=" + at + "ca.pem", "?ca=" + at + "other.pem" + ours, "?tls=yes" + ours})
    attempts.emplace_back([this, bad_url = url(server, "abc2:s3cret", bad)] {
      expect_refused(runtime, bad_url, "127.0.0.1", Code::unavailable);
    });
  for (auto& attempt : attempts) attempt.join();
  expect_refused(runtime, url(server, "abc2:s3cret", "?cert=" + at + "client.pem"), "belong together");
  expect_refused(runtime, url(server, "abc2:wr0ng", "?ca=" + at + "ca.pem" + ours), "does not let the user abc2 in");
}

}  // namespace
}  // namespace abc2::engines::etcd
