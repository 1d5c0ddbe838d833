// The script that a seller's page includes:
//
//   <div data-abc2="bob/1" style="width:300px;height:250px"></div>
//   <script async src="https://market.example/embed.js"></script>
//
// The page has given the place its size, so that nothing moves when the ad comes. What the page has put into the place
// stays until an ad's image is there to be shown instead: it is what readers see while nothing is sold, while the
// market is down, and without scripts. The script sets no cookie, sends no credentials, and changes nothing outside its
// places. A view is counted once, when at least half of the ad has been in sight for a second.
#include "http/ad_board.hpp"

namespace abc2::http {

namespace {

constexpr std::string_view kScript = R"js((function () {
  'use strict';
  var script = document.currentScript;
  var origin = new URL(script ? script.src : location.href).origin;

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  // Calls `seen` once, when half of the element has been in sight for a second.
  function whenSeen(element, seen) {
    if (!('IntersectionObserver' in window)) return;
    var timer = null;
    var observer = new IntersectionObserver(function (entries) {
      var inSight = entries[entries.length - 1].isIntersecting && !document.hidden;
      if (inSight && timer === null) {
        timer = setTimeout(function () { observer.disconnect(); seen(); }, 1000);
      } else if (!inSight && timer !== null) {
        clearTimeout(timer);
        timer = null;
      }
    }, { threshold: 0.5 });
    observer.observe(element);
  }

  // Counts the view, and gives the click its token.
  function count(place, link, slot) {
    if (slot === '0') return;
    whenSeen(place, function () {
      fetch(origin + '/ads/' + place.dataset.abc2 + '/view?slot=' + slot, {
        method: 'POST', credentials: 'omit', keepalive: true, referrerPolicy: 'no-referrer'
      }).then(function (answer) { return answer.ok ? answer.json() : null; }).then(function (view) {
        if (view && view.token && link) link.href += '&token=' + encodeURIComponent(view.token);
      }).catch(function () {});
    });
  }

  function show(place, answer) {
    if (!answer.ad) {
      place.dataset.slot = '0';
      return;
    }
    var link = document.createElement('a');
    link.href = origin + answer.ad.click;
    link.target = '_blank';
    link.rel = 'noopener nofollow sponsored';
    var image = document.createElement('img');
    image.width = answer.width_px;
    image.height = answer.height_px;
    image.style.cssText = 'display:block;width:100%;height:100%;object-fit:contain;border:0';
    image.alt = answer.ad.hover_text;
    image.title = answer.ad.hover_text;
    link.appendChild(image);
    image.onerror = function () { place.dataset.abc2Failed = '1'; };
    image.onload = function () {
      place.textContent = '';
      place.appendChild(link);
      place.dataset.slot = String(answer.slot);
      count(place, link, String(answer.slot));
    };
    image.src = origin + answer.ad.image;
  }

  each(document.querySelectorAll('[data-abc2]'), function (place) {
    if (place.dataset.abc2Done) return;
    place.dataset.abc2Done = '1';
    // In our own frame the ad is there already.
    if (place.dataset.slot) return count(place, place.querySelector('a'), place.dataset.slot);
    fetch(origin + '/ads/' + place.dataset.abc2 + '.json', { credentials: 'omit', referrerPolicy: 'no-referrer' })
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(new Error('no ad')); })
      .then(function (answer) { show(place, answer); })
      .catch(function () { place.dataset.abc2Failed = '1'; });
  });
})();
)js";

}  // namespace

std::string_view embed_script_text() { return kScript; }

}  // namespace abc2::http
