// SPDX-License-Identifier: Apache-2.0
//
// What is planned for which site.
#include "milter/ctl/postfix/wiring_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "milter/ctl/postfix/gate_files.h"
#include "milter/ctl/postfix/site_reader.h"

namespace icm::ctl::postfix {
namespace {

// A site with port 25 and a chroot, as Debian's package makes it.
Site plain_site() {
  Site site;
  site.postfix.directory = "/etc/postfix";
  site.postfix.parameters = {{"queue_directory", "/var/spool/postfix"},
                             {"milter_default_action", "tempfail"},
                             {"milter_macro_daemon_name", "mx.corp.example"},
                             {"default_transport", "smtp"}};
  site.master_cf = "smtp inet n - y - - smtpd\nsmtp unix - - y - - smtp\n";
  site.postfix.services = *read_services(site.master_cf);
  site.main_cf = "myhostname = mx.corp.example\n";
  site.socket = *SocketAddress::parse("unix:/var/spool/postfix/icloud-milter/milter.sock");
  site.is_arrival_covered = true;
  return site;
}

void set(Site& site, const std::string& name, const std::string& value) {
  site.postfix.parameters[name] = value;
  site.postfix.own[name] = value;
  site.main_cf += name + " = " + value + "\n";
}

// What the one table of transport_maps says of a key.
void say(Site& site, const std::string& key, const std::string& answer) {
  if (site.routes.tables.empty()) site.routes.tables.push_back({.name = "hash:/t", .answers = {}});
  site.routes.tables[0].answers.push_back({.table = "hash:/t", .key = key, .answer = answer});
}

std::string added(const Plan& plan, File file) {
  std::string text;
  for (const Insertion& one : plan.insertions) {
    if (one.file == file) text += one.text;
  }
  return text;
}

TEST(WiringPlan, is_the_very_files_on_a_plain_site) {
  const Site site = plain_site();
  const Plan plan = make_plan(site, {});
  EXPECT_TRUE(plan.conflicts.empty());
  EXPECT_TRUE(plan.notes.empty());
  const std::string main_cf = insert(site.main_cf, File::main_cf, plan.insertions);
  for (const GateEntry& entry : parameters_of(main_cf_gate)) {
    EXPECT_NE(main_cf.find(entry.text), std::string::npos) << entry.text;
  }
  const std::string master_cf = insert(site.master_cf, File::master_cf, plan.insertions);
  for (const GateEntry& entry : services_of(master_cf_gate)) {
    EXPECT_NE(master_cf.find(entry.text), std::string::npos) << entry.text;
  }
}

TEST(WiringPlan, follows_milter_conf_and_its_options) {
  Site site = plain_site();
  site.socket = *SocketAddress::parse("inet6:10028@::1");
  site.roles.gate = {"MY-GATE"};
  site.added_domains = {"corp.example", "me.com"};
  const Plan plan = make_plan(site, {.has_arrival = false, .gate_port = 10127});
  const std::string main_cf = added(plan, File::main_cf);
  EXPECT_NE(main_cf.find("{corp.example=icloud-gate:[127.0.0.1]:10127}}"), std::string::npos);
  EXPECT_EQ(main_cf.find("smtpd_milters ="), std::string::npos);
  const std::string master_cf = added(plan, File::master_cf);
  EXPECT_NE(master_cf.find("\n127.0.0.1:10127 inet"), std::string::npos);
  EXPECT_NE(master_cf.find("-o smtpd_milters=inet:[::1]:10028\n"), std::string::npos);
  EXPECT_NE(master_cf.find("-o milter_macro_daemon_name=MY-GATE\n"), std::string::npos);
  EXPECT_EQ(master_cf.find("10027"), std::string::npos);
  ASSERT_EQ(plan.notes.size(), 1u);
  EXPECT_TRUE(plan.notes[0].starts_with("milter.conf: set arrival.covered: no"));
}

TEST(WiringPlan, takes_the_way_that_other_mail_takes) {
  Site site = plain_site();
  set(site, "relayhost", "[relay.example]:587, relay2.example");
  site.master_cf = "smtp unix - - n - - smtp\n  -o smtp_bind_address=192.0.2.7 -o { x = a b }\n";
  site.postfix.services = *read_services("smtp unix - - n - - smtp -o x=y\n");
  const std::string master_cf = added(make_plan(site, {}), File::master_cf);
  EXPECT_NE(master_cf.find("-o content_filter=icloud-out:[relay.example]:587,relay2.example\n"),
            std::string::npos);
  EXPECT_NE(master_cf.find("    -o smtp_bind_address=192.0.2.7\n    -o { x = a b }\n"),
            std::string::npos);
  EXPECT_EQ(master_cf.find("With a relayhost"), std::string::npos);
}

TEST(WiringPlan, puts_ours_before_the_maps_and_behind_the_milters) {
  Site site = plain_site();
  set(site, "transport_maps", "hash:/etc/postfix/transport");
  set(site, "smtpd_milters", "inet:127.0.0.1:8891");
  set(site, "non_smtpd_milters", "$smtpd_milters");
  set(site, "milter_default_action", "accept");
  const Plan plan = make_plan(site, {});
  const std::string main_cf = insert(site.main_cf, File::main_cf, plan.insertions);
  EXPECT_NE(main_cf.find("\ntransport_maps = inline:{\n    {icloud.com="), std::string::npos);
  EXPECT_NE(main_cf.find("}}, hash:/etc/postfix/transport\n"), std::string::npos);
  EXPECT_NE(main_cf.find("\nsmtpd_milters = inet:127.0.0.1:8891, "
                         "{unix:icloud-milter/milter.sock,default_action=tempfail}\n"),
            std::string::npos);
  EXPECT_NE(main_cf.find("\nnon_smtpd_milters = $smtpd_milters\n"), std::string::npos);
  EXPECT_EQ(main_cf.find("milter_default_action = tempfail"), std::string::npos);
}

TEST(WiringPlan, has_the_daemon_asked_for_domains_by_their_mx) {
  Site site = plain_site();
  site.asked_routes = "socketmap:unix:icloud-milter/routes.sock:icloud";
  site.routes_transport = "icloud-gate:[127.0.0.1]:10027";
  const std::string main_cf = added(make_plan(site, {}), File::main_cf);
  EXPECT_NE(main_cf.find("}},\n    socketmap:unix:icloud-milter/routes.sock:icloud\n"),
            std::string::npos);
  EXPECT_FALSE(asks_routes(site));
  for (const char* table :
       {"proxy:socketmap:unix:/var/spool/postfix/icloud-milter/routes.sock:icloud",
        "hash:/x, socketmap:unix:icloud-milter/routes.sock:icloud"}) {
    site.postfix.parameters["transport_maps"] = table;
    EXPECT_TRUE(asks_routes(site)) << table;
  }
  ASSERT_EQ(make_plan(site, {.gate_port = 10127}).conflicts.size(), 1u);
  EXPECT_EQ(
      make_plan(site, {.gate_port = 10127}).conflicts[0],
      "milter.conf: routing.socketmap.transport is icloud-gate:[127.0.0.1]:10027, and the gate "
      "will be icloud-gate:[127.0.0.1]:10127: set it so, restart the daemon");
}

TEST(WiringPlan, names_what_is_in_the_way) {
  const auto conflicts = [](auto change) {
    Site site = plain_site();
    change(site);
    const Plan plan = make_plan(site, {});
    return plan.conflicts.empty() ? std::string() : plan.conflicts.front();
  };
  EXPECT_EQ(conflicts([](Site&) {}), "");
  EXPECT_EQ(conflicts([](Site& site) { site.is_port_free = false; }),
            "another program listens on 127.0.0.1:10027; choose another port with --gate-port");
  EXPECT_TRUE(conflicts([](Site& site) {
                set(site, "default_filter_nexthop", "mx.corp.example");
              }).starts_with("main.cf: default_filter_nexthop = mx.corp.example: all mail"));
  EXPECT_EQ(conflicts([](Site& site) {
              set(site, "default_filter_nexthop", "mx.corp.example");
              set(site, "relayhost", "[relay.example]");
            }),
            "");
  EXPECT_TRUE(conflicts([](Site& site) {
                say(site, "me.com", "relay:[x]");
              }).starts_with("transport_maps: hash:/t answers \"relay:[x]\" for me.com: "));
  EXPECT_TRUE(
      conflicts([](Site& site) {
        site.socket = *SocketAddress::parse("unix:/run/icloud.sock");
      }).starts_with("the milter's socket /run/icloud.sock is outside the queue directory"));
  EXPECT_TRUE(conflicts([](Site& site) { site.roles.gate.clear(); }).starts_with("milter.conf: "));
  EXPECT_TRUE(conflicts([](Site& site) {
                site.roles.arrival = {"ORIGINATING"};
              }).starts_with("milter.conf: roles.arrival does not name mx.corp.example"));
  EXPECT_TRUE(conflicts([](Site& site) {
                site.postfix.services.push_back(
                    (*read_services("icloud-out unix - - n - - lmtp\n"))[0]);
              }).starts_with("master.cf: icloud-out/unix is there already and runs lmtp"));
}

TEST(WiringPlan, asks_for_nothing_where_everything_is_there) {
  Site site = plain_site();
  set(site, "smtpd_milters", "unix:icloud-milter/milter.sock");
  set(site, "non_smtpd_milters", "unix:icloud-milter/milter.sock");
  site.postfix.services = *read_services(
      "10027 inet n - n - - smtpd\nicloud-gate unix - - n - - smtp\nicloud-out unix - - n - - "
      "smtp\n");
  site.postfix.services[0].overrides = {{"milter_macro_daemon_name", "ICLOUD-GATE"}};
  for (const std::string& domain : domains_of(site)) {
    say(site, domain, "smtp:[127.0.0.1]:10027");
  }
  EXPECT_EQ(lacks(site, {}), std::vector<std::string>());
  EXPECT_TRUE(make_plan(site, {}).insertions.empty());
  site.routes.tables[0].answers[0].answer = "smtp:[127.0.0.1]:10028";
  EXPECT_EQ(lacks(site, {}), std::vector<std::string>{
                                 "transport_maps does not lead mail for icloud.com to the gate"});
}

TEST(WiringPlan, tells_of_ways_in_that_need_not_have_the_milter) {
  Site site = plain_site();
  set(site, "smtpd_milters", "unix:icloud-milter/milter.sock");
  site.postfix.services = *read_services(
      "25 inet n - n - - smtpd\n587 inet n - n - - smtpd\n10027 inet n - n - - smtpd\n"
      "10025 inet n - n - - smtpd\n");
  site.postfix.services[1].overrides = {{"smtpd_milter_maps", ""}};
  site.postfix.services[2].overrides = {{"milter_macro_daemon_name", "ICLOUD-GATE"}};
  site.postfix.services[3].overrides = {{"smtpd_milters", ""}};
  EXPECT_EQ(ways_by_client(site), std::vector<std::string>());
  set(site, "smtpd_milter_maps", "inline:{{198.51.100.7=DISABLE}}");
  EXPECT_EQ(ways_by_client(site),
            std::vector<std::string>{
                "mail that comes in by 25/inet need not pass the arrival: smtpd_milter_maps = "
                "inline:{{198.51.100.7=DISABLE}} chooses the milters by client; \"postconf -P "
                "'25/inet/smtpd_milter_maps='\" ends that"});
  const std::vector<std::string> notes = make_plan(site, {}).notes;
  EXPECT_TRUE(std::ranges::any_of(notes, [](const std::string& note) {
    return note.starts_with("smtpd_milter_maps chooses milters by client");
  }));
  site.postfix.parameters["smtpd_milter_maps"] = "";
  site.postfix.services[1].overrides = {{"smtpd_milter_maps", "hash:/t"}};
  ASSERT_EQ(ways_by_client(site).size(), 1u);
  EXPECT_NE(ways_by_client(site)[0].find("587/inet"), std::string::npos);
}

// What a plan refuses to begin with is as bad when it comes afterwards.
TEST(WiringPlan, sees_what_leads_around_a_gate_that_is_there) {
  Site site = plain_site();
  site.postfix.services = *read_services(
      "10027 inet n - n - - smtpd\nicloud-gate unix - - n - - smtp\nicloud-out unix - - n - - "
      "smtp\nrewrite unix - - n - - trivial-rewrite\n");
  site.postfix.services[0].overrides = {{"milter_macro_daemon_name", "ICLOUD-GATE"},
                                        {"smtpd_milters", "unix:icloud-milter/milter.sock"},
                                        {"content_filter", "icloud-out:"}};
  for (const std::string& domain : domains_of(site)) {
    say(site, domain, "icloud-gate:[127.0.0.1]:10027");
  }
  const WiringOptions options{.has_arrival = false};
  const std::vector<std::string> none;
  EXPECT_EQ(lacks(site, options), none);
  set(site, "default_filter_nexthop", "[mx.corp.example]");
  EXPECT_EQ(lacks(site, options),
            std::vector<std::string>{"main.cf: default_filter_nexthop = [mx.corp.example]: mail "
                                     "that has passed the gate goes there instead of to Apple"});
  const Plan plan = make_plan(site, options);
  ASSERT_EQ(plan.conflicts.size(), 1u);
  EXPECT_TRUE(plan.conflicts[0].starts_with("main.cf: default_filter_nexthop = "));
  set(site, "relayhost", "[mx.corp.example]");
  EXPECT_EQ(lacks(site, options), none);  // as all mail
  site.postfix.services[1].overrides = {{"smtp_fallback_relay", "[other.example]"}};
  ASSERT_EQ(lacks(site, options).size(), 1u);
  EXPECT_TRUE(lacks(site, options)[0].starts_with("master.cf: icloud-gate/unix has smtp_fall"));
  EXPECT_EQ(make_plan(site, options).conflicts, lacks(site, options));
  site.postfix.services[1].overrides.clear();
  set(site, "default_filter_nexthop", "");
  set(site, "content_filter", "smtp:");
  site.postfix.services.push_back((*read_services("smtp unix - - n - - smtp\n"))[0]);
  site.postfix.services.push_back((*read_services("25 inet n - n - - smtpd\n"))[0]);
  EXPECT_EQ(
      lacks(site, options),
      std::vector<std::string>{"25/inet has content_filter = smtp:, by which mail for Apple that "
                               "comes in there leaves past the gate"});
  EXPECT_EQ(make_plan(site, options).conflicts, lacks(site, options));
  set(site, "content_filter", "icloud-out:");  // not the gate's own
  EXPECT_EQ(lacks(site, options).size(), 1u);
  set(site, "content_filter", "");
  site.postfix.services.back() = (*read_services("pickup unix n - n 60 1 pickup\n"))[0];
  EXPECT_EQ(lacks(site, options), none);
  site.postfix.services.back().overrides = {{"content_filter", "smtp:"}};
  ASSERT_EQ(lacks(site, options).size(), 1u);
  EXPECT_TRUE(lacks(site, options)[0].starts_with("pickup/unix has content_filter = smtp:, by"));
  site.postfix.services.back().overrides = {{"content_filter", "smtp:[filter.example]:25"}};
  EXPECT_EQ(lacks(site, options), none);
  EXPECT_EQ(ways_elsewhere(site),
            std::vector<std::string>{
                "pickup/unix has content_filter = smtp:[filter.example]:25, on another host: mail "
                "for Apple that is not handed back from there goes past the gate"});
  set(site, "transport_maps", "hash:/t");
  site.routes.tables.clear();
  site.postfix.services[3].overrides = {{"transport_maps", ""}};
  const std::vector<std::string> conflicts = make_plan(site, options).conflicts;
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_TRUE(conflicts[0].starts_with("master.cf: rewrite/unix has a transport_maps of its own"));
}

// Entries for a domain above, or for everything, come after those for the domain itself.
TEST(WiringPlan, comes_before_what_is_for_more_than_apple) {
  Site site = plain_site();
  for (const char* key : {"*", ".com", ".icloud.com"}) say(site, key, "smtp:[relay.example]");
  EXPECT_NE(lacks(site, {}).size(), 0u);
  const Plan plan = make_plan(site, {});
  EXPECT_TRUE(plan.conflicts.empty());
  EXPECT_NE(added(plan, File::main_cf).find("{me.com=icloud-gate:"), std::string::npos);
}

TEST(WiringPlan, tells_of_filters_in_tables) {
  Site site = plain_site();
  site.filters.past = {
      {.place = "header_checks", .table = "static:{FILTER smtp:}", .way = "smtp:"}};
  site.filters.unread = {"body_checks: mysql:/x: why"};
  EXPECT_EQ(make_plan(site, {}).notes,
            (std::vector<std::string>{
                "header_checks: static:{FILTER smtp:} has FILTER smtp:: mail for Apple that it "
                "chooses goes past the gate",
                "whether a FILTER leads mail past the gate is not seen: body_checks: mysql:/x: "
                "why"}));
}

// Where milter.conf says that nobody comes in unseen, only this host may.
TEST(WiringPlan, leaves_nobody_alone_whom_others_reach) {
  Site site = plain_site();
  set(site, "smtpd_milters", "unix:icloud-milter/milter.sock");
  set(site, "non_smtpd_milters", "unix:icloud-milter/milter.sock");
  const auto lacking = [&](const char* name) {
    site.postfix.services = *read_services(fmt::format("{} inet n - y - - smtpd\n", name));
    site.postfix.services[0].overrides = {{"receive_override_options", "no_milters"}};
    const std::vector<std::string> all = lacks(site, {});
    return std::ranges::any_of(
        all, [](const std::string& one) { return one.find("the arrival") != std::string::npos; });
  };
  EXPECT_FALSE(lacking("127.0.0.1:25"));
  EXPECT_FALSE(lacking("[::1]:25"));
  EXPECT_TRUE(lacking("25"));
  const std::vector<std::string> conflicts = make_plan(site, {}).conflicts;
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_TRUE(conflicts[0].starts_with("master.cf: 25/inet has no milters, on purpose, others"));
  site.postfix.services[0].overrides = {{"smtpd_milters", ""}};
  EXPECT_EQ(make_plan(site, {}).conflicts, conflicts);
  site.is_arrival_covered = false;
  EXPECT_FALSE(lacking("25"));
  EXPECT_TRUE(make_plan(site, {}).conflicts.empty());
}

TEST(WiringPlan, tells_of_single_people_whose_mail_goes_past_the_gate) {
  Site site = plain_site();
  site.people.routes = {
      {.table = "hash:/t", .key = "bob@icloud.com", .answer = "smtp:[elsewhere]"},
      {.table = "hash:/t", .key = "eve@icloud.com", .answer = "icloud-gate:[127.0.0.1]:10027"}};
  site.people.unlisted = {"pcre:/p: a table of type pcre cannot be listed"};
  const Plan plan = make_plan(site, {});
  EXPECT_TRUE(plan.conflicts.empty());
  EXPECT_EQ(plan.notes,
            (std::vector<std::string>{
                "transport_maps: hash:/t answers \"smtp:[elsewhere]\" for bob@icloud.com: mail for "
                "that address goes past the gate, unjudged",
                "transport_maps: whether a table leads mail for single addresses past the gate is "
                "not seen: pcre:/p: a table of type pcre cannot be listed"}));
}

TEST(WiringPlan, knows_the_port_of_a_gate_that_is_there) {
  struct Case {
    const char* name;
    std::optional<std::uint16_t> port;
  };
  Site site = plain_site();
  EXPECT_EQ(port_of_gate(site, 10027), 10027);
  for (const Case& one : {Case{"127.0.0.1:10030", 10030},
                          {"10030", 10030},
                          {"localhost:10030", 10030},
                          {"[::1]:10030", std::nullopt},
                          {"192.0.2.7:10030", std::nullopt},
                          {"127.0.0.1:gate", std::nullopt},
                          {"127.0.0.1:70000", std::nullopt}}) {
    site.postfix.services = *read_services(fmt::format("{} inet n - n - - smtpd\n", one.name));
    site.postfix.services[0].overrides = {{"milter_macro_daemon_name", "ICLOUD-GATE"},
                                          {"smtpd_milters", "unix:icloud-milter/milter.sock"}};
    EXPECT_EQ(port_of_gate(site, 10027), one.port) << one.name;
  }
  const Plan plan = make_plan(site, {});
  ASSERT_EQ(plan.conflicts.size(), 1u);
  EXPECT_EQ(
      plan.conflicts[0],
      "master.cf: 127.0.0.1:70000/inet is the gate, and no port of 127.0.0.1 leads there: let "
      "it listen on one, or name it in transport_maps yourself");
}

}  // namespace
}  // namespace icm::ctl::postfix
