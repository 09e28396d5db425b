"""What a running site tells Home Assistant, read by the code of Home Assistant.

Its schemas take the description, and its templates make of what happens at a gate what its entities can have.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA
from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template

MANLESS = Path(sys.argv.pop()).resolve()
CARD = "04A1B2C3"
#: Far beyond what anything takes, even on a busy machine; in seconds.
PATIENCE = "60"
#: What Home Assistant takes for: nobody knows.
NOBODY_KNOWS = "None"
STATES = {
    "cover": {"open", "opening", "closed", "closing", "stopped", NOBODY_KNOWS},
    "binary_sensor": {"ON", "OFF", NOBODY_KNOWS},
}


class Site:
    """A running `manless up` with two simulated gates."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="manless-")
        self.env = {
            "PATH": os.environ["PATH"],
            "MANLESS_DATA_DIR": self.folder.name,
            "MANLESS_BROKER__LISTEN": "127.0.0.1:0",
            "MANLESS_GATEWAY__LISTEN": "127.0.0.1:0",
            "MANLESS_HOME_ASSISTANT__DISCOVERY": "true",
        }
        self.program = subprocess.Popen(
            [MANLESS, "up"], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for line in self.program.stdout:
            if line.split()[:1] == ["MQTT"]:
                self.host, self.port = line.split()[1].rsplit(":", 1)
                return
        raise RuntimeError("the site did not start")

    def sim(self, *words):
        subprocess.run([MANLESS, "sim", *words], env=self.env, check=True, stdout=subprocess.DEVNULL)

    def subscribe(self, topic):
        """A mosquitto_sub that has subscribed."""
        command = ["stdbuf", "-oL", "mosquitto_sub", "-h", self.host, "-p", self.port, "-V", "5", "-q", "1"]
        command += ["-t", topic, "-F", "message %t %p", "-d", "-W", PATIENCE]
        program = subprocess.Popen(command, stdout=subprocess.PIPE)
        for line in program.stdout:
            if line.startswith(b"Subscribed"):
                return program
        raise RuntimeError("mosquitto_sub did not subscribe")

    def stop(self):
        self.program.kill()
        self.program.wait()
        self.program.stdout.close()
        self.folder.cleanup()


def heard(subscriber, enough):
    """The messages that are JSON, until one is enough: topic and text."""
    messages = []
    with subscriber:
        for line in subscriber.stdout:
            words = line.rstrip(b"\n").split(b" ", 2)
            if words[0] == b"message" and words[2:] and words[2].startswith(b"{"):
                messages.append((words[1].decode(), words[2].decode()))
                if enough(messages[-1][1]):
                    subscriber.kill()
                    return messages
    raise RuntimeError(f"what was waited for did not come: {messages}")


class Discovery(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        site = Site()
        cls.addClassCleanup(site.stop)
        topic = "homeassistant/device/manless_parking_gate_in/config"
        [(_, text)] = heard(site.subscribe(topic), lambda text: True)
        cls.device = json.loads(text)
        cls.components = cls.device["components"]

        day = site.subscribe("parking/gate_in/+")
        site.sim("gate_in", "drive", CARD)
        cls.said = heard(day, lambda text: '"event":"entry"' in text)

    async def asyncSetUp(self):
        self.hass = HomeAssistant(tempfile.gettempdir())

    async def asyncTearDown(self):
        await self.hass.async_stop(force=True)

    def render(self, template, text):
        return Template(template, self.hass).async_render_with_possible_json_value(text, "a fault of the template")

    def shown(self, name):
        """What an entity has made of each message of its topic."""
        component = self.components[name]
        texts = [text for topic, text in self.said if topic == component["state_topic"]]
        return [self.render(component["value_template"], text) for text in texts]

    async def test_the_device_is_one(self):
        DEVICE_DISCOVERY_SCHEMA(self.device)

    async def test_every_component_is_one(self):
        shared = {name: self.device[name] for name in ("availability", "qos", "device", "origin")}

        for name, component in self.components.items():
            module = importlib.import_module(f"homeassistant.components.mqtt.{component['platform']}")
            config = shared | {key: value for key, value in component.items() if key != "platform"}
            with self.subTest(name):
                taken = module.DISCOVERY_SCHEMA(config)
                # What it does not know it leaves away without a word.
                self.assertEqual(set(config) - set(taken), set())

    async def test_every_state_is_one_that_the_entity_can_have(self):
        for name, component in self.components.items():
            possible = STATES.get(component["platform"], set(component.get("options", [])))
            if "state_topic" in component and possible:
                with self.subTest(name):
                    self.assertTrue(self.shown(name))
                    self.assertLessEqual(set(self.shown(name)), possible)

    async def test_the_boom_goes_up_and_the_devices_are_there(self):
        self.assertIn("closed", self.shown("barrier"))
        self.assertIn("opening", self.shown("barrier"))
        self.assertIn("open", self.shown("barrier"))
        self.assertEqual(self.shown("mode")[-1], "auto")
        self.assertEqual(self.shown("fault")[-1], "OFF")
        self.assertIn("ON", self.shown("vehicle"))
        for device in ("barrier_connected", "card_reader_connected", "camera_connected"):
            self.assertEqual(self.shown(device)[-1], "ON", device)

    async def test_events_are_of_a_type_and_have_what_was_said(self):
        card = json.loads(self.shown("card")[0])
        entry = json.loads(self.shown("event")[-1])

        self.assertEqual((card["event_type"], card["card_id"]), ("granted", CARD))
        self.assertEqual((entry["event_type"], entry["card_id"]), ("entry", CARD))
        for name, event in (("card", card), ("event", entry)):
            self.assertIn(event["event_type"], self.components[name]["event_types"])

    async def test_words_of_a_later_version_are_unknown(self):
        later = json.dumps({"payload": {"status": "hovering", "mode": "dreaming", "event": "eclipse"}})

        for name in ("barrier", "mode"):
            self.assertEqual(self.render(self.components[name]["value_template"], later), NOBODY_KNOWS)
        self.assertEqual(self.render(self.components["event"]["value_template"], later), "")

    async def test_a_gate_is_available_while_its_agent_runs(self):
        template = self.device["availability"][0]["value_template"]
        expected = {"online": "online", "degraded": "online", "stopped": "offline", "offline": "offline"}

        for state, available in expected.items():
            self.assertEqual(self.render(template, json.dumps({"payload": {"state": state}})), available)


if __name__ == "__main__":
    unittest.main(verbosity=2)
