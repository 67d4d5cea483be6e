"""What moves before anyone trades: value and news, volatility, activity, moods."""

from __future__ import annotations

from math import cos, exp, pi, sqrt

from tideline.market.world.chance import normal, uniform
from tideline.market.world.compiled import kernel
from tideline.market.world.hands import World

PEAK_H, SWING = 15.0, 0.5
"""Hour of most activity (UTC), and how far the logarithm of activity swings about its mean."""
WEEKEND = 0.72
"""Activity of Saturdays and Sundays."""
ACTIVITY_TAU_H = 1.5
SHARED = 0.7
"""Correlation of an asset's news with what moves all of them."""


@kernel
def pull(x: float, sd: float, tau_h: float, dt_h: float, rng: object) -> float:
    """One step of an Ornstein–Uhlenbeck path of mean 0."""
    keep = exp(-dt_h / tau_h)
    return x * keep + sd * sqrt(1.0 - keep * keep) * normal(rng)


@kernel
def weather(w: World, step: int, step_s: float) -> None:
    """One step on."""
    par, state, rng = w.par[0], w.state[0], w.rng
    dt = par.dt_h
    state.vol = pull(state.vol, par.vol_swing, par.vol_tau_h, dt, rng)
    state.mood = pull(state.mood, 1.0, par.sentiment_tau_h, dt, rng)
    state.appetite = pull(state.appetite, par.appetite, par.appetite_tau_h, dt, rng)
    state.wander = pull(state.wander, par.activity_swing, ACTIVITY_TAU_H, dt, rng)
    hour = step * step_s / 3600.0
    profile = SWING * cos(2.0 * pi * (hour - PEAK_H) / 24.0)
    quiet = WEEKEND if int(hour / 24.0) % 7 >= 5 else 1.0
    state.sigma = par.vol_day / sqrt(24.0) * exp(state.vol + 0.9 * profile) * sqrt(quiet)
    excited = min(abs(state.fast - state.hour) / state.sigma, 3.0)
    state.busy = quiet * exp(profile + state.wander + par.activity_vol * state.vol)
    state.busy *= par.activity * (0.6 + 0.4 * excited)
    own = sqrt(1.0 - SHARED * SHARED) * normal(rng) + SHARED * w.common[step]
    state.news = state.sigma * sqrt(dt) * own + state.drift
    if uniform(rng) < par.jumps_day / 24.0 * dt:
        state.news += par.jump_size * state.sigma * normal(rng)
    state.value += state.news
    if par.news_repricing > 0.0:
        state.fair += par.news_share * state.news
    if par.spot_repricing > 0.0:
        state.fair += par.spot_share * dt * (state.value - state.fair)
