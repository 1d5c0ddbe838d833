// Which route has which handler, and who may use it. api/openapi.yaml describes each of them.
#include "http/campaign_stream.hpp"

namespace abc2::http {

const std::vector<RouteEntry>& routes() {
  using M = Method;
  using N = Need;
  static const std::vector<RouteEntry> all = {
      {M::post, "/api/accounts", N::nobody, &register_account},
      {M::post, "/api/sessions", N::nobody, &log_in},
      {M::get, "/api/sessions", N::session, &list_sessions},
      {M::del, "/api/sessions", N::session, &end_other_sessions},
      {M::del, "/api/sessions/current", N::session, &log_out},
      {M::del, "/api/sessions/{id}", N::session, &end_session},
      {M::get, "/api/keys", N::session, &list_keys},
      {M::post, "/api/keys", N::session, &create_key},
      {M::del, "/api/keys/{id}", N::session, &revoke_key},
      {M::post, "/api/password", N::session, &change_password},
      {M::get, "/api/me", N::user, &show_me},
      {M::get, "/api/me/ledger", N::user, &show_ledger},
      {M::get, "/api/me/bitcoin", N::user, &show_bitcoin},
      {M::post, "/api/me/bitcoin/address", N::user, &make_deposit_address},
      {M::get, "/api/me/bitcoin/events", N::user, &bitcoin_events},
      {M::get, "/api/me/deposits", N::user, &list_bitcoin_deposits},
      {M::get, "/api/me/withdrawals", N::user, &list_withdrawals},
      {M::put, "/api/me/withdrawals/{attempt}", N::session, &withdraw},
      {M::del, "/api/me/withdrawals/{attempt}", N::session, &cancel_withdrawal},

      {M::get, "/api/campaigns", N::nobody, &list_campaigns},
      {M::post, "/api/campaigns", N::user, &create_campaign},
      {M::get, "/api/campaigns/{seller}", N::nobody, &list_campaigns_of},
      {M::get, "/api/campaigns/{seller}/{c}", N::nobody, &show_campaign},
      {M::patch, "/api/campaigns/{seller}/{c}", N::user, &change_campaign},
      {M::get, "/api/campaigns/{seller}/{c}/events", N::nobody, &campaign_events},
      {M::get, "/api/campaigns/{seller}/{c}/statistics", N::nobody, &campaign_statistics},
      {M::post, "/api/campaigns/{seller}/{c}/earnings", N::user, &collect_earnings},
      {M::get, "/api/campaigns/{seller}/{c}/slots", N::nobody, &list_slots},
      {M::get, "/api/campaigns/{seller}/{c}/slots/{n}", N::nobody, &show_slot},
      {M::put, "/api/campaigns/{seller}/{c}/slots/{n}", N::user, &buy_slot},

      {M::get, "/api/events", N::nobody, &live_events},

      {M::get, "/api/fillers", N::user, &list_fillers},
      {M::post, "/api/fillers", N::user, &create_filler},
      {M::get, "/api/fillers/{user}/{n}", N::nobody, &show_filler},
      {M::post, "/api/images", N::user, &upload_image},
      {M::get, "/images/{sha256}", N::nobody, &show_image},

      {M::get, "/ads/{seller}/{c}.json", N::nobody, &ad_json},
      {M::get, "/ads/{seller}/{c}.html", N::nobody, &ad_frame},
      {M::get, "/ads/{seller}/{c}/click", N::nobody, &ad_click},
      {M::post, "/ads/{seller}/{c}/view", N::nobody, &ad_view},
      {M::get, "/embed.js", N::nobody, &embed_script},

      {M::post, "/api/operator/deposits", N::oper, &fund_account},
      {M::get, "/api/operator/deposits", N::oper, &list_deposits},
      {M::post, "/api/operator/audit", N::oper, &run_audit},
      {M::get, "/api/operator/audit", N::oper, &last_audit},
      {M::get, "/api/operator/holds", N::oper, &list_holds},
      {M::post, "/api/operator/holds/{user}/resolve", N::oper, &resolve_hold},
      {M::post, "/api/operator/recover", N::oper, &recover_all},
      {M::post, "/api/operator/fees", N::oper, &collect_fees},
      {M::get, "/api/operator/nodes", N::oper, &list_nodes},
      {M::get, "/api/operator/metrics", N::oper, &operator_metrics},
      {M::get, "/api/operator/bitcoin", N::oper, &show_bitcoin_state},
      {M::post, "/api/operator/bitcoin/shards", N::oper_session, &add_shard},
      {M::post, "/api/operator/bitcoin/rescan", N::oper, &rescan_blocks},
      {M::get, "/api/operator/bitcoin/owed", N::oper, &show_owed},
      {M::get, "/api/operator/withdrawals", N::oper, &list_all_withdrawals},
      {M::post, "/api/operator/withdrawals/{user}/{attempt}/approve", N::oper_session, &approve_withdrawal},
      {M::post, "/api/operator/withdrawals/{user}/{attempt}/cancel", N::oper, &refuse_withdrawal},
      {M::post, "/api/operator/payouts/{n}/bump", N::oper, &bump_payout},

      {M::get, "/healthz", N::nobody, &healthz},
      {M::get, "/readyz", N::nobody, &readyz},
      {M::get, "/metrics", N::nobody, &show_metrics},
      {M::get, "/api/openapi.yaml", N::nobody, &show_openapi},
      {M::get, "/api/version", N::nobody, &show_version},
      {M::get, "/", N::nobody, &show_home},
  };
  return all;
}

}  // namespace abc2::http
